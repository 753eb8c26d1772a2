import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lineInFile } from '../../src/resources/line-in-file.ts';
import { edited } from './editing.ts';

const EDITS: readonly (readonly [string, string, object, string])[] = [
  ['a line that is there stays', 'a\nb', { line: 'b' }, 'a\nb'],
  ['a line that is not there goes to the end', 'a\nb', { line: 'c' }, 'a\nb\nc\n'],
  ['into an empty file', '', { line: 'c' }, 'c\n'],
  ['after the last line that is found', 'a1\na2\nb\n', { line: 'x', insert_after: '^a' }, 'a1\na2\nx\nb\n'],
  ['to the end where none is found', 'a\n', { line: 'x', insert_after: '^z' }, 'a\nx\n'],
  ['the last line that matches is replaced', 'k=1\nk=2\nz\n', { line: 'k=3', match: '^k=' }, 'k=1\nk=3\nz\n'],
  ['what was replaced is known by the line itself', 'done\n', { line: 'done', match: '^todo' }, 'done\n'],
  ['a $ in the line is only a $', 'k\n', { line: '$& $1', match: 'k' }, '$& $1\n'],
  ['a line that is to go', 'a\nb\na\n', { line: 'a', state: 'absent' }, 'b\n'],
  ['lines that match are to go', 'a1\nb\na2', { line: 'x', match: '^a', state: 'absent' }, 'b\n'],
  ['blank lines are kept', '\n\na\n\n', { line: 'x' }, '\n\na\n\nx\n'],
];

for (const [title, before, args, after] of EDITS)
  test(title, () => {
    const result = edited(lineInFile, before, args);
    assert.is(result.text, after);
    assert.is(result.after.action, 'none');
    assert.is(result.before.action, before === after ? 'none' : 'update');
  });

test('a file that is missing is made only on request, and is as good as without the line', () => {
  assert.match(
    edited(lineInFile, undefined, { line: 'x' }).before.reason ?? '',
    /does not exist: make it first/,
  );
  assert.is(edited(lineInFile, undefined, { line: 'x', create: true }).text, 'x\n');
  assert.is(edited(lineInFile, undefined, { line: 'x', state: 'absent' }).before.action, 'none');
});

test('what is no regular expression, no text or too long is refused', () => {
  assert.match(
    edited(lineInFile, 'a', { line: 'x', match: '(' }).before.reason ?? '',
    /match is not a regular expression/,
  );
  assert.match(edited(lineInFile, 'a\0', { line: 'x' }).before.reason ?? '', /not UTF-8/);
  assert.match(
    edited(lineInFile, 'a'.repeat(70_000), { line: 'x' }).before.reason ?? '',
    /longer than 64 KiB/,
  );
});

test('a new file that does not pass its validation leaves the old one', () => {
  const { results, text } = edited(lineInFile, 'a\n', { line: 'b', validate: 'grep -q zzz %s' });
  assert.is(results[0]?.status, 1);
  assert.is(text, 'a\n');
});

test.run();
