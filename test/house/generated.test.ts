import { globSync, readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { generated } from '../../scripts/generated.ts';

test('schemas and reference pages are what the code says (else: npm run generate)', () => {
  for (const [file, text] of generated()) assert.is(readFileSync(file, 'utf8'), text, file);
});

test('no generated file has lost its source', () => {
  assert.equal(globSync(['schema/*.json', 'docs/reference/*.md']).sort(), [...generated().keys()].sort());
});

test.run();
