import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { iniSetting } from '../../src/resources/ini-setting.ts';
import { expectRefusedArgs } from './cases.ts';
import { edited } from './editing.ts';

const test = suite('ini_setting');

const INI = '; head\nglobal = 1\n\n[a]\nx=1\n# note\n  y : two words\n\n[b]\nx = 3\n';

const EDITS: readonly (readonly [string, string, object, string])[] = [
  ['what is so already stays', INI, { section: 'a', settings: { x: 1, y: 'two words' } }, INI],
  [
    'a value changes where its key stands, and its line stays as it was written',
    INI,
    { section: 'a', settings: { x: 'new', y: true } },
    INI.replace('x=1', 'x=new').replace('two words', 'true'),
  ],
  [
    'the same key of another section is left alone',
    INI,
    { section: 'b', key: 'x', value: '= 4 ; not a comment' },
    INI.replace('x = 3', 'x = = 4 ; not a comment'),
  ],
  [
    'a new key goes to the end of its section',
    INI,
    { section: 'a', key: 'z', value: 'q' },
    INI.replace('two words\n', 'two words\nz = q\n'),
  ],
  [
    'without spaces where so wanted',
    '[a]\n',
    { section: 'a', key: 'z', value: 'q', spaces: false },
    '[a]\nz=q\n',
  ],
  ['a new section goes to the end', 'k = 1', { section: 'n', key: 'z', value: '' }, 'k = 1\n\n[n]\nz = \n'],
  [
    'before the first section',
    INI,
    { key: 'g2', value: 2 },
    INI.replace('global = 1\n', 'global = 1\ng2 = 2\n'),
  ],
  ['a key goes', INI, { section: 'a', key: 'x', state: 'absent' }, INI.replace('x=1\n', '')],
  ['a key that is not there is gone already', INI, { section: 'q', key: 'x', state: 'absent' }, INI],
  ['a section goes', INI, { section: 'a', state: 'absent' }, '; head\nglobal = 1\n\n[b]\nx = 3\n'],
  [
    'a comment is no key',
    '[a]\n#x = 1\n;x=2\n',
    { section: 'a', key: 'x', value: 3 },
    '[a]\n#x = 1\n;x=2\nx = 3\n',
  ],
  [
    'a $ is only a $',
    '[a]\nx = 1\n',
    { section: 'a', key: 'x', value: "$& $(id) 'q'" },
    "[a]\nx = $& $(id) 'q'\n",
  ],
];

for (const [title, before, args, after] of EDITS)
  test(title, () => {
    const result = edited(iniSetting, before, args);
    assert.is(result.text, after);
    assert.is(result.after.action, 'none', result.after.reason);
    assert.is(result.before.action, before === after ? 'none' : 'update');
  });

test('a file that is missing is made only on request', () => {
  const wish = { section: 'a', key: 'x', value: 1 };
  assert.match(edited(iniSetting, undefined, wish).before.reason ?? '', /does not exist: make it first/);
  assert.is(edited(iniSetting, undefined, { ...wish, create: true }).text, '[a]\nx = 1\n');
  assert.is(edited(iniSetting, undefined, { section: 'a', state: 'absent' }).before.action, 'none');
});

test('what stands there twice is not guessed at', () => {
  const keys = edited(iniSetting, '[a]\nx=1\nx=2\n', { section: 'a', key: 'x', value: 3 });
  assert.match(keys.before.reason ?? '', /^x stands 2 times in \[a\]: leave one of them by hand first$/);
  const sections = edited(iniSetting, '[a]\n[b]\n[a]\n', { section: 'a', key: 'x', value: 3 });
  assert.match(sections.before.reason ?? '', /^\[a\] stands there more than once/);
});

test('a new file that does not pass its validation leaves the old one', () => {
  const { results, text } = edited(iniSetting, '[a]\n', {
    section: 'a',
    key: 'x',
    value: 1,
    validate: 'grep -q zzz %s',
  });
  assert.equal([results[0]?.status, text], [1, '[a]\n']);
  assert.match(results[0]?.stderr ?? '', /the new file is not valid; the old one stays/);
});

const PATH = { path: '/etc/f' };
expectRefusedArgs(test, iniSetting, [
  PATH,
  { ...PATH, key: 'x' },
  { ...PATH, key: 'x', value: 'a\nb' },
  { ...PATH, key: 'x\n[b]\ny', value: 'a' },
  { ...PATH, key: '#x', value: 'a' },
  { ...PATH, key: 'x=y', value: 'a' },
  { ...PATH, section: 'a]\n[b', key: 'x', value: 'a' },
  { ...PATH, key: 'x', value: 1, settings: { y: 1 } },
  { ...PATH, settings: {} },
  { ...PATH, settings: { x: [1] } },
]);

test.run();
