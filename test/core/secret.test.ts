import { inspect } from 'node:util';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { freeze, memoryVault, thaw } from '../../src/core/json.ts';
import { Masker } from '../../src/core/masker.ts';
import { MASK, Secret } from '../../src/core/secret.ts';
import { quote } from '../../src/core/shell.ts';
import { secretIn, Unknown, unknownIn, type Value } from '../../src/core/value.ts';

const CANARY = "c4n'ary/+pass word";

test('a secret shows itself nowhere by accident', () => {
  const secret = Secret.open(CANARY, `password: ${MASK}`);
  for (const text of [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect({ secret }, { depth: 9 }),
    String(secret),
  ])
    assert.not.match(text, /c4n/);
  assert.is(secret.expose(), CANARY);
});

test('a sealed secret has no bytes to give', () => {
  assert.throws(() => Secret.sealed('abc').expose(), /not known here/);
});

test('equal secrets have equal fingerprints under one key, and others under another', () => {
  assert.is(Secret.open('a').fingerprint('k'), Secret.open('a').fingerprint('k'));
  assert.is.not(Secret.open('a').fingerprint('k'), Secret.open('a').fingerprint('l'));
  assert.is.not(Secret.open('a').fingerprint('k'), Secret.open('b').fingerprint('k'));
});

test('every form in which a secret could appear is masked', () => {
  const masker = new Masker();
  masker.add(Secret.open(CANARY));
  const forms = [CANARY, quote(CANARY), JSON.stringify(CANARY), Buffer.from(CANARY).toString('base64')];
  for (const form of forms) {
    const masked = masker.mask(`before ${form} after`);
    assert.match(masked, MASK);
    assert.not.match(masked, /c4n|ary|YzRu/, form);
    assert.match(masked, /^before .*after$/);
  }
});

test('of a text with a secret part only that part is masked', () => {
  const masker = new Masker();
  masker.add(Secret.open('user: app\npassword: hunter22\n', `user: app\npassword: ${MASK}\n`));
  assert.is(masker.mask('user: app has hunter22'), `user: app has ${MASK}`);
});

test('a line of a long secret is masked by itself, too', () => {
  const masker = new Masker();
  masker.add(Secret.open('first line of key\nsecond line of key\n'));
  assert.is(masker.mask('error at "second line of key"'), `error at "${MASK}"`);
});

test('written down and read back, secrets are references and come out of the vault', () => {
  const vault = memoryVault('key');
  const value: Value = { a: [1, Secret.open(CANARY)], b: new Unknown('task'), c: null };
  const text = JSON.stringify(freeze(value, vault));
  assert.not.match(text, /c4n/);
  const back = thaw(JSON.parse(text), vault);
  assert.is(secretIn(back)?.expose(), CANARY);
  assert.is(unknownIn(back)?.after, 'task');
  assert.not.ok(secretIn(thaw(JSON.parse(text), memoryVault('other')))?.isOpen);
});

test.run();
