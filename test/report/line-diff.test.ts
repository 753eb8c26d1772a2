import fc from 'fast-check';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { hunkHeader, hunks, lineDiff } from '../../src/report/line-diff.ts';
import { textDiff } from '../../src/report/text-diff.ts';

const cases: [string, string, string, string[]][] = [
  ['equal texts have no difference', 'a\nb\n', 'a\nb\n', []],
  ['a line added at the end', 'a\n', 'a\nb\n', ['@@ -1,1 +1,2 @@', ' a', '+b']],
  ['a line removed at the beginning', 'a\nb\n', 'b\n', ['@@ -1,2 +1,1 @@', '-a', ' b']],
  ['a line replaced', 'a\nb\nc\n', 'a\nx\nc\n', ['@@ -1,3 +1,3 @@', ' a', '-b', '+x', ' c']],
  ['a missing final newline', 'a\n', 'a', ['@@ -1,1 +1,2 @@', ' a', '+\\ No newline at end of file']],
  ['everything emptied', 'a\n', '', ['@@ -1,1 +0,0 @@', '-a']],
  ['trailing blanks', 'a \n', 'a\n', ['@@ -1,1 +1,1 @@', '-a ', '+a']],
];

for (const [title, before, after, expected] of cases)
  test(`a diff shows ${title}`, () => assert.equal(textDiff(before, after), expected));

test('changes that are far apart make hunks of their own, near ones share one', () => {
  const before = Array.from({ length: 30 }, (_, i) => `l${i}`);
  const far = before.with(2, 'x').with(20, 'y');
  assert.equal(hunks(lineDiff(before, far)).map(hunkHeader), ['@@ -1,6 +1,6 @@', '@@ -18,7 +18,7 @@']);
  const near = before.with(2, 'x').with(8, 'y');
  assert.equal(hunks(lineDiff(before, near)).map(hunkHeader), ['@@ -1,12 +1,12 @@']);
});

test('either side can be rebuilt from a diff, and nothing equal is called changed at the edges', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = lineDiff(before, after);
      assert.equal(
        diff.filter((l) => l.mark !== '+').map((l) => l.text),
        before,
      );
      assert.equal(
        diff.filter((l) => l.mark !== '-').map((l) => l.text),
        after,
      );
      for (const l of diff) {
        if (l.mark !== '+') assert.is(before[l.before], l.text);
        if (l.mark !== '-') assert.is(after[l.after], l.text);
      }
    }),
  );
});

test('texts too large to compare exactly are still rebuilt from their diff', () => {
  const before = Array.from({ length: 3000 }, (_, i) => `a${i}`);
  const after = Array.from({ length: 3000 }, (_, i) => `b${i}`);
  const diff = lineDiff(['same', ...before], ['same', ...after]);
  assert.is(diff.length, 6001);
  assert.is(diff[0]?.mark, ' ');
});

test.run();
