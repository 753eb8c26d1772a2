import { globSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const LIMIT = 300;

test(`no file of the source is longer than ${LIMIT} lines`, () => {
  const long = globSync('src/**/*.{ts,sh}')
    .map((file) => ({ file, lines: readFileSync(file, 'utf8').trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > LIMIT);
  assert.equal(
    long.map(({ file, lines }) => `${file} has ${lines} lines`),
    [],
  );
});

test('no name of a file says utils, helper, manager, common or misc', () => {
  assert.equal(
    globSync('src/**/*').filter((file) => /utils?|helpers?|manager|common|misc/i.test(file)),
    [],
  );
});

test.run();
