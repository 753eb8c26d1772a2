import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Secret } from '../../src/core/secret.ts';
import { keyId } from '../../src/escrow/key-id.ts';
import { keyIdKind } from '../../src/facts/key-id.ts';
import { keyRing } from '../../src/facts/key-ring.ts';
import { answerOf, isRoot, lookAt, NOBODY } from './looking.ts';

const KEY = 'JxJt0vy3sB1l1h8kPt4o3y2dZc0oQn2k7XqWf5m9aTs=\n';
const folder = mkdtempSync(join(tmpdir(), 'fanops-key-id-'));
const names = ['plain', "o'dd na$me", '-rf', 'none'];
const paths = names.map((name) => join(folder, name));
for (const path of paths.slice(0, 3)) writeFileSync(path, KEY);
test.after(() => rmSync(folder, { recursive: true }));

test('the id is the one that escrow works out, and a key that is not there is absent', () => {
  const id = { state: 'value', value: keyId(Secret.open(KEY)) };
  assert.equal(lookAt(keyIdKind, paths), [id, id, id, { state: 'absent' }]);
});

test('the key itself is not in the answer', () => {
  const { stdout, stderr } = answerOf(keyIdKind.look(paths).script);
  assert.not.match(stdout.toString() + stderr, KEY.trim());
});

test('without openssl it could not be looked at', () => {
  const [looked] = lookAt(keyIdKind, paths, { env: { PATH: '/nonexistent' } });
  assert.is(looked?.state, 'unreadable');
});

test('where not even its directory is, it is absent; where that is closed, it is not known', () => {
  const path = join(folder, 'no/such/key');
  assert.is(lookAt(keyIdKind, [path])[0]?.state, 'absent');
  if (!isRoot) return;
  mkdirSync(join(folder, 'closed'), { mode: 0o700 });
  const hidden = join(folder, 'closed/no/key');
  chmodSync(folder, 0o755);
  assert.is(lookAt(keyIdKind, [hidden], { uid: NOBODY })[0]?.state, 'unreadable');
});

test('a ring holds the keys that are those of their names; none is there, or it is not known', () => {
  const id = keyId(Secret.open(KEY));
  const ring = join(folder, "r i'ng");
  mkdirSync(join(ring, 'before0123456789'), { recursive: true });
  for (const name of [id, '0123456789abcdef', 'short']) writeFileSync(join(ring, name), KEY);
  const seen = lookAt(keyRing, [ring, join(folder, 'no-ring'), join(folder, 'plain')]);
  assert.equal(seen.slice(0, 2), [{ state: 'value', value: [id] }, { state: 'absent' }]);
  assert.is(seen[2]?.state, 'unreadable');
  assert.not.match(answerOf(keyRing.look([ring]).script).stdout.toString(), KEY.trim());
  if (!isRoot) return;
  chmodSync(folder, 0o755);
  chmodSync(ring, 0o700);
  assert.is(lookAt(keyRing, [ring], { uid: NOBODY })[0]?.state, 'unreadable');
});

test('a directory in its place, and what cannot be reached, is not absent', () => {
  const [directory, below] = lookAt(keyIdKind, [folder, join(folder, 'plain/key')]);
  assert.is(directory?.state, 'unreadable');
  assert.is(below?.state, 'unreadable');
});

test.run();
