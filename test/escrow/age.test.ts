import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { InputError } from '../../src/core/diagnostic.ts';
import { Secret } from '../../src/core/secret.ts';
import { checkRecipients, decryptWith, encryptTo, identitiesIn } from '../../src/escrow/age.ts';

const KEY = Secret.open('JxJt0vy3sB1l1h8kPt4o3y2dZc0oQn2k7XqWf5m9aTs=\n');
const folder = mkdtempSync(join(tmpdir(), 'fanops-age-'));
const alice = person('alice');
const bob = person('bob');
test.after(() => rmSync(folder, { recursive: true }));

/** An identity as Debian's age-keygen writes it. */
function person(name: string) {
  const file = join(folder, name);
  execFileSync('age-keygen', ['-o', file], { stdio: 'ignore' });
  const recipient = execFileSync('age-keygen', ['-y', file], { encoding: 'utf8' }).trim();
  return { file, recipient, identities: identitiesIn(file, readFileSync(file, 'utf8')) };
}

test("Debian's age decrypts what is encrypted here, for every recipient", async () => {
  const text = await encryptTo([alice.recipient, bob.recipient], KEY);
  assert.match(text, /^-----BEGIN AGE ENCRYPTED FILE-----\n/);
  for (const { file } of [alice, bob])
    assert.is(execFileSync('age', ['-d', '-i', file], { input: text, encoding: 'utf8' }), KEY.expose());
});

for (const form of ['armored', 'binary'])
  test(`what Debian's age encrypted, ${form}, is decrypted here`, async () => {
    const options = form === 'armored' ? ['-a'] : [];
    const content = execFileSync('age', [...options, '-r', alice.recipient], { input: KEY.expose() });
    const { text, recipient } = await decryptWith(alice.identities, 'f', content);
    assert.is(text.expose(), KEY.expose());
    assert.is(recipient, alice.recipient);
  });

test('of several identities, the one that fits says for whom it was', async () => {
  const content = Buffer.from(await encryptTo([bob.recipient], KEY));
  const { recipient } = await decryptWith([...alice.identities, ...bob.identities], 'f', content);
  assert.is(recipient, bob.recipient);
});

/** The message of the InputError that it throws, with the hint. */
async function mistakeOf(act: () => unknown): Promise<string> {
  try {
    await act();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.diagnostics.map(({ message, hint }) => `${message} | ${hint}`).join();
  }
  throw new Error('nothing was thrown');
}

test('another identity cannot decrypt it', async () => {
  const content = Buffer.from(await encryptTo([bob.recipient], KEY));
  assert.match(
    await mistakeOf(() => decryptWith(alice.identities, 'f.age', content)),
    /^none of the 1 identities given can decrypt f\.age /,
  );
});

test('one wrong bit in the encrypted part is found', async () => {
  const content = execFileSync('age', ['-r', alice.recipient], { input: KEY.expose() });
  content[content.length - 20] = (content.at(-20) ?? 0) ^ 1;
  assert.match(
    await mistakeOf(() => decryptWith(alice.identities, 'f.age', content)),
    /^f\.age is damaged: /,
  );
});

test('a file of something else is said to be no age file', async () => {
  for (const content of ['', 'something else', '-----BEGIN AGE ENCRYPTED FILE-----\nnot base64!\n'])
    assert.match(
      await mistakeOf(() => decryptWith(alice.identities, 'f', Buffer.from(content))),
      /^f is (not encrypted by age|damaged)/,
    );
});

for (const [wrong, expected] of [
  ['age1xx', 'expected an age recipient, found `age1xx`'],
  ['alice@example.org', 'expected an age recipient, found `alice@example.org`'],
  ['ssh-ed25519 AAAA', 'expected an age recipient, found `ssh-ed25519 AAAA`'],
] as const)
  test(`${wrong} is no recipient`, async () => {
    const said = await mistakeOf(() => checkRecipients([wrong]));
    assert.ok(said.startsWith(expected), said);
    assert.match(said, 'age-keygen -y');
  });

test('an identity given as recipient is refused and not shown', async () => {
  const [identity = ''] = alice.identities;
  const said = await mistakeOf(() => checkRecipients([identity]));
  assert.match(said, 'the secret half');
  assert.not.match(said, identity);
});

test('identities are read without comments and empty lines', () => {
  assert.equal(identitiesIn('i', `# made today\n\n${alice.identities[0]}\r\n`), alice.identities);
});

for (const [title, content, expected] of [
  ['an empty file', '', 'i is no age identity'],
  ['a recipient', alice.recipient, 'i is no age identity'],
  ['an ssh key', '-----BEGIN OPENSSH PRIVATE KEY-----', 'i is no age identity'],
  ['an encrypted identity', '-----BEGIN AGE ENCRYPTED FILE-----', 'itself encrypted with a passphrase'],
] as const)
  test(`${title} is no identity`, async () => {
    assert.match(await mistakeOf(() => identitiesIn('i', content)), expected);
  });

test('a damaged identity is said to be so, and not shown', async () => {
  const content = Buffer.from(await encryptTo([alice.recipient], KEY));
  const damaged = (alice.identities[0] ?? '').replace(/.$/, (c) => (c === 'Q' ? 'P' : 'Q'));
  const said = await mistakeOf(() => decryptWith([damaged], 'f', content));
  assert.match(said, 'an identity is damaged');
  assert.not.match(said, damaged);
});

test.run();
