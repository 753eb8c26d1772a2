import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { runFile } from '../../scripts/test-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'fanops-test-file-'));
test.after(() => rmSync(folder, { recursive: true }));

const HEAD = `import { test } from '${import.meta.resolve('uvu')}';\n`;

const CASES: readonly [
  title: string,
  text: string,
  passed: number,
  failed: number,
  reason: RegExp | undefined,
][] = [
  ['passing tests pass', `test('a', () => {}); test('b', () => {}); test.run();`, 2, 0, undefined],
  [
    'a failing test fails',
    `test('a', () => {}); test('b', () => { throw new Error('no'); }); test.run();`,
    1,
    1,
    undefined,
  ],
  ['a file without test.run() fails', `test('a', () => {});`, 0, 1, /does it call test\.run/],
  ['a file without tests fails', `test.run();`, 0, 1, /holds no test/],
  ['a skipped test fails', `test('a', () => {}); test.skip('b', () => {}); test.run();`, 1, 1, /1 skipped/],
  ['only fails', `test('a', () => {}); test.only('b', () => {}); test.run();`, 1, 1, /skipped/],
  [
    'a hook that throws before the tests fails them all',
    `test.before(() => { throw new Error('no'); }); test('a', () => {}); test('b', () => {}); test.run();`,
    0,
    2,
    /hook threw/,
  ],
  [
    'a test that never settles fails',
    `test('a', () => new Promise(() => {})); test.run();`,
    0,
    1,
    /no summary/,
  ],
  [
    'an exit status that contradicts the summary fails',
    `test('a', () => {}); test.run(); process.on('exit', () => { process.exitCode = 3; });`,
    1,
    1,
    /exit status 3/,
  ],
  ['a syntax error fails', `test('a', () => {`, 0, 1, /no summary/],
  [
    'a file that takes too long is killed',
    `test('a', async () => { await new Promise((r) => setTimeout(r, 60000)); }); test.run();`,
    0,
    1,
    /not finished after 1 s/,
  ],
];

for (const [title, text, passed, failed, reason] of CASES)
  test(title, async () => {
    const file = join(folder, `${title.replaceAll(/\W+/g, '-')}.ts`);
    writeFileSync(file, HEAD + text);
    const result = await runFile(file, title.includes('too long') ? 1000 : 120_000);
    assert.equal([result.passed, result.failed], [passed, failed], result.output);
    if (reason === undefined) assert.is(result.reason, undefined);
    else assert.match(result.reason ?? '', reason);
  });

test.run();
