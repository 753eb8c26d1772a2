// docs/backup-faults.md: what it says was tried is tried, in the file that it names.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const rows = readFileSync('docs/backup-faults.md', 'utf8')
  .split('\n')
  .filter((line) => line.includes('.test.ts` |'))
  .map((line) => line.split('|').map((cell) => cell.trim()));

test('every fault stands in the test that is named', () => {
  const missing = rows.filter(([, fault = '', , , file = '']) => {
    return !readFileSync(file.replaceAll('`', ''), 'utf8').includes(fault.replaceAll('\\', ''));
  });
  assert.equal(missing, []);
});

test('there are at least thirty, each once', () => {
  assert.ok(rows.length >= 30);
  assert.is(new Set(rows.map(([, fault, , , file]) => `${fault} ${file}`)).size, rows.length);
});

test.run();
