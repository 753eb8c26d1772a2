import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { diagnosticsText } from '../../src/report/diagnostics.ts';

const late: Diagnostic = {
  severity: 'error',
  message: '`mode` must be a text, found the number 644',
  position: { file: 'site.yml', line: 12, column: 9, endColumn: 13 },
  source: '  mode: 0644',
  hint: 'write "0644"',
};
const early: Diagnostic = {
  severity: 'warning',
  message: 'db9 is in no play',
  position: { file: 'hosts.yml', line: 3, column: 2 },
  source: '\tdb9:',
};

test('diagnostics are sorted by place, show their source with a caret, and are counted', () => {
  assert.equal(
    diagnosticsText([late, early, { severity: 'error', message: 'nothing to do' }, late]),
    `error: nothing to do

hosts.yml:3:2: warning: db9 is in no play
  3 | \tdb9:
    | \t^

site.yml:12:9: error: \`mode\` must be a text, found the number 644
  12 |   mode: 0644
     |         ^^^^
  hint: write "0644"

2 errors, 1 warning
`,
  );
});

test('no diagnostics make no text', () => assert.is(diagnosticsText([]), ''));

const around: [column: number, shown: string, caret: number][] = [
  [1, `${'a'.repeat(120)}…`, 1],
  [501, `…${'a'.repeat(60)}B${'a'.repeat(59)}…`, 62],
  [1001, `…${'a'.repeat(119)}C`, 121],
];
for (const [column, shown, caret] of around)
  test(`of a long line what stands around column ${column} is shown`, () => {
    const source = `${'a'.repeat(500)}B${'a'.repeat(499)}C`;
    const position = { file: 'p.yml', line: 1, column, endColumn: column + 900 };
    const [, first = '', second = ''] = diagnosticsText([
      { severity: 'error', message: 'x', position, source },
    ]).split('\n');
    assert.is(first, `  1 | ${shown}`);
    assert.match(second, new RegExp(`^ {4}\\| {${caret}}\\^`));
    assert.ok(second.length <= first.length, second);
  });

test.run();
