import * as assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'uvu';
import { CLASSES, specLines, specRows } from '../lab/spec-rows.ts';

const rows = specRows();

test('every line of the document has a row, and every row is a line of the document', () => {
  const named = new Set(rows.map(({ section, command }) => `${section}: ${command}`));
  assert.deepEqual([...named].sort(), specLines().sort());
});

test('every row says its class, and runs unless it says who else does it', () => {
  for (const { command, kind, user, run, remark } of rows) {
    assert.ok(CLASSES.includes(kind), `${command}: ${kind}`);
    if (kind === 's3' || kind === 'yours') assert.equal(run, '', command);
    if (kind === 's3') assert.match(remark, /`test\/\S+\.ts`/, command);
    if (run === '') continue;
    assert.ok(user === 'root' || user === 'postgres', command);
    if (kind === 'typed') assert.equal(run.replace(/^timeout 2 /, ''), command);
  }
});

test('what is superseded names what to do instead, in the table and in the words of our own script', () => {
  const superseded = rows.filter(({ kind }) => kind === 'superseded');
  assert.ok(superseded.length > 5);
  for (const { command, remark, run, said } of superseded) {
    assert.match(remark, /`fanops run \S+\.yml`|`patronictl switchover`/, command);
    if (run.startsWith('/opt/fanatico/')) assert.match(said, /^fanops run \S+\.yml$/, command);
    if (run !== '') assert.notEqual(said, '', command);
  }
});

test('every test that the table names is there', () => {
  const named = rows.flatMap(({ remark }) => remark.match(/(?<=`)test\/\S+\.ts(?=`)/g) ?? []);
  assert.deepEqual(
    named.filter((file) => !existsSync(file)),
    [],
  );
});

test.run();
