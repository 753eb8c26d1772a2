import { existsSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { resources } from '../../src/resources/registry.ts';

test('every resource has its file and its test, named for it', () => {
  const missing = resources
    .map(({ name }) => name.replaceAll('_', '-'))
    .flatMap((name) => [`src/resources/${name}.ts`, `test/resources/${name}.test.ts`])
    .filter((file) => !existsSync(file));
  assert.equal(missing, []);
});

test('no two resources have one name', () => {
  const names = resources.map(({ name }) => name);
  assert.equal(names, [...new Set(names)]);
});

test.run();
