import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { Secret } from '../../src/core/secret.ts';
import { agreedKey } from '../../src/escrow/agreed-key.ts';
import { keyId } from '../../src/escrow/key-id.ts';

const ONE = Secret.open('one one one one one one one one \n');
const TWO = Secret.open('two two two two two two two two \n');

function holds(key: Secret): Looked<Secret> {
  return { state: 'value', value: key };
}

function members(...looked: Looked<Secret>[]) {
  return looked.map((l, index) => ({ member: `db${index + 1}`, looked: l }));
}

test('the key that all members hold is the key', () => {
  assert.equal(agreedKey('/k', members(holds(ONE), holds(ONE), holds(ONE))), { key: ONE, id: keyId(ONE) });
});

const PROBLEMS: readonly [title: string, looked: Looked<Secret>[], parts: readonly string[]][] = [
  [
    'two keys are named with their members and their ids',
    [holds(ONE), holds(ONE), holds(TWO)],
    ['db1 and db3', '/k', keyId(ONE), keyId(TWO)],
  ],
  ['a member without a key is named', [holds(ONE), { state: 'absent' }], ['db2 has no key at /k']],
  [
    'a member that could not be looked at is named with the reason',
    [holds(ONE), { state: 'unreadable', reason: '/k: permission denied' }],
    ['db2', 'permission denied'],
  ],
  ['an empty key is none', [holds(ONE), holds(Secret.open(' \n'))], ['/k on db2 is empty']],
  ['no members at all are no agreement', [], ['no members']],
];
for (const [title, looked, parts] of PROBLEMS)
  test(title, () => {
    const found = agreedKey('/k', members(...looked));
    if (!('problem' in found)) throw new Error('a key was found');
    for (const part of parts) assert.ok(found.problem.includes(part), `${found.problem} lacks ${part}`);
    assert.not.match(found.problem, 'one one');
  });

test.run();
