import { spawnSync } from 'node:child_process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { lines, quote, Script, sh } from '../../src/core/shell.ts';

const HOSTILE = [
  '',
  ' ',
  "it's",
  '"double"',
  '$(touch /tmp/pwned)',
  '`id`',
  'a\nb\n',
  '-rf',
  '--',
  '*',
  '~',
  'back\\slash',
  'näme ☃',
  '$HOME;exit 9',
  '!history',
  "'",
  "''",
  'x'.repeat(100_000),
];

for (const shell of ['sh', 'bash'])
  test(`whatever a word holds, ${shell} takes it as it is`, () => {
    for (const word of HOSTILE) {
      const { stdout, status } = spawnSync(shell, ['-c', sh`printf %s ${word}`.text], { encoding: 'utf8' });
      assert.is(status, 0, word.slice(0, 40));
      assert.is(stdout, word);
    }
    const all = spawnSync(shell, ['-c', sh`printf '%s\\0' ${HOSTILE}`.text], { encoding: 'utf8' });
    assert.equal(all.stdout.split('\0').slice(0, -1), HOSTILE);
  });

test('plain words stay readable, a number is a word, a script is put in as it is', () => {
  assert.is(sh`install -m ${'0644'} ${'/etc/x'} ${7}`.text, 'install -m 0644 /etc/x 7');
  assert.is(sh`set -e; ${new Script('a | b')}`.text, 'set -e; a | b');
  assert.is(lines(sh`a`, undefined, sh`b`).text, 'a\nb');
});

test('what no argument can carry is refused', () => {
  assert.throws(() => quote('a\0b'), /NUL/);
});

test.run();
