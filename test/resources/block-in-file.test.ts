import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { blockInFile } from '../../src/resources/block-in-file.ts';
import { edited } from './editing.ts';

const B = '# BEGIN managed by fanops\n';
const E = '# END managed by fanops\n';

const EDITS: readonly (readonly [string, string, object, string])[] = [
  ['a new block goes to the end', 'a\n', { block: 'x\ny\n' }, `a\n${B}x\ny\n${E}`],
  ['or after the line that is found', 'a\nb\n', { block: 'x', insert_after: '^a' }, `a\n${B}x\n${E}b\n`],
  ['a block that is as declared stays', `${B}x\n${E}b`, { block: 'x' }, `${B}x\n${E}b`],
  [
    'another content replaces it where it is',
    `a\n${B}x\n${E}b\n`,
    { block: 'y\n\nz' },
    `a\n${B}y\n\nz\n${E}b\n`,
  ],
  ['an empty block keeps its markers', 'a\n', { block: '' }, `a\n${B}${E}`],
  ['a block that is to go', `a\n${B}x\n${E}b\n`, { state: 'absent' }, 'a\nb\n'],
  ['a block that is not there is away', 'a\n', { state: 'absent' }, 'a\n'],
  [
    'two blocks by two markers',
    `${B}x\n${E}`,
    { block: 'y', marker: ';{mark} 2' },
    `${B}x\n${E};BEGIN 2\ny\n;END 2\n`,
  ],
];

for (const [title, before, args, after] of EDITS)
  test(title, () => {
    const result = edited(blockInFile, before, args);
    assert.is(result.text, after);
    assert.is(result.after.action, 'none');
    assert.is(result.before.action, before === after ? 'none' : 'update');
  });

for (const [title, text] of [
  ['a beginning without an end', `${B}x\n`],
  ['an end without a beginning', `x\n${E}`],
  ['an end before its beginning', `${E}x\n${B}`],
  ['two of one', `${B}x\n${E}${B}y\n${E}`],
] as const)
  test(`${title} is not guessed at`, () => {
    const { before, text: after } = edited(blockInFile, text, { block: 'z' });
    assert.match(before.reason ?? '', /are not one pair/);
    assert.is(after, text);
  });

test('a block that holds its own marker is refused', () => {
  assert.match(edited(blockInFile, '', { block: `a\n${E}` }).before.reason ?? '', /its own marker/);
});

test.run();
