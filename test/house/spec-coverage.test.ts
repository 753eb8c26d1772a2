import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { CLASSES, specLines, specRows } from '../lab/spec-rows.ts';

const rows = specRows();

test('every line of the document has a row, and every row is a line of the document', () => {
  const named = new Set(rows.map(({ section, command }) => `${section}: ${command}`));
  assert.deepEqual([...named].sort(), specLines().sort());
});

test('every row says its class, and runs unless it says who else does it', () => {
  for (const { command, kind, user, run, said } of rows) {
    assert.ok(CLASSES.includes(kind), `${command}: ${kind}`);
    if (kind === 's3' || kind === 'yours') assert.equal(run, '', command);
    if (run === '') continue;
    assert.ok(user === 'root' || user === 'postgres', command);
    if (kind === 'typed') assert.equal(run.replace(/^timeout 2 /, ''), command);
    if (kind === 'superseded') assert.notEqual(said, '', command);
  }
});

test.run();
