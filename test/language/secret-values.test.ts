import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/core/diagnostic.ts';
import { asBlock, asTagged, replaceValues, textsOf } from '../../src/language/secret-values.ts';

const ENVELOPE = '-----BEGIN AGE ENCRYPTED FILE-----\nabc\n-----END AGE ENCRYPTED FILE-----\n';

function encrypted(text: string): string {
  const tagged = textsOf('f.yml', text).filter(({ state }) => state === 'tagged');
  return replaceValues(
    text,
    tagged.map((value) => ({ value, by: asBlock(value, ENVELOPE) })),
  );
}

/** Tagged values at every place that a value can have; each becomes a block that YAML reads as the envelope. */
const PLACES: readonly [title: string, text: string][] = [
  ['at the top', 'a: !secret x\nb: y\n'],
  ['quoted, with a comment', 'a: !secret "x y" # why\nb: y\n'],
  ['inside of a mapping', 'a:\n  b:\n    c: !secret x\n  d: y\n'],
  ['in a list', 'a:\n  - !secret x\n  - y\n'],
  ['in a mapping in a list', 'a:\n  - k: !secret x\n    l: y\n'],
  ['in a list in a list', 'a:\n  - - !secret x\n    - y\n'],
  ['in a block, with a comment', 'a: !secret | # why\n  x\n  y\nb: z\n'],
  ['without an end of line', 'a: y\nb: !secret x'],
  ['before an empty line and a comment', 'a: !secret x\n\n# c\nb: y\n'],
];

for (const [title, text] of PLACES)
  test(`a value ${title} becomes an encrypted block, and nothing else changes`, () => {
    const after = encrypted(text);
    const before = textsOf('f.yml', text);
    const values = textsOf('f.yml', after);
    assert.equal(
      values.map(({ path, state, text: found }) => [path, state, found.trim()]),
      before.map(({ path, state, text: found }) =>
        state === 'tagged' ? [path, 'encrypted', ENVELOPE.trim()] : [path, state, found.trim()],
      ),
    );
    const comments = (all: string) => all.match(/# ?\w+/g) ?? [];
    assert.equal(comments(after), comments(text));
  });

for (const secret of [
  'x',
  'with "quotes" and \\',
  'two\nlines\n',
  '\nodd\n\n',
  'tab\tand\r\n',
  ' lead\nb\n',
  '- a: b',
  'ü',
])
  test(`an opened value is read back to the letter: ${JSON.stringify(secret)}`, () => {
    const text = `a:\n  b: |\n${ENVELOPE.replace(/^(?=.)/gm, '    ')}c: d\n`;
    const values = textsOf('f.yml', text).filter(({ state }) => state === 'encrypted');
    const shown = replaceValues(
      text,
      values.map((value) => ({ value, by: asTagged(value, secret) })),
    );
    assert.equal(
      textsOf('f.yml', shown).map(({ path, state, text: found }) => [path, state, found]),
      [
        ['a.b', 'tagged', secret],
        ['c', 'plain', 'd'],
      ],
    );
  });

test('a value inside of braces is refused, with its place', () => {
  try {
    encrypted('a: { b: !secret x }\n');
    assert.unreachable();
  } catch (error) {
    assert.instance(error, InputError);
    const [diagnostic] = (error as InputError).diagnostics;
    assert.match(diagnostic?.message ?? '', '`a.b` stands inside of braces');
    assert.equal(diagnostic?.position, { file: 'f.yml', line: 1, column: 9 });
  }
});

test.run();
