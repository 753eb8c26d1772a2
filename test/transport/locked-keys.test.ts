import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../src/core/host.ts';
import { Secret } from '../../src/core/secret.ts';
import { connector } from '../../src/transport/connector.ts';
import { lockedKeys, opens } from '../../src/transport/locked-keys.ts';
import type { TransportSettings } from '../../src/transport/settings.ts';
import { knownHostsLine, startSshd, type TestSshd } from './sshd.ts';

interface Context {
  sshd: TestSshd;
  key: string;
}

const test = suite<Context>('keys with a passphrase');

test.before(async (context) => {
  context.sshd = await startSshd();
  context.key = join(context.sshd.dir, 'encrypted');
  appendFileSync(join(context.sshd.dir, 'authorized_keys'), readFileSync(`${context.key}.pub`));
});

test.after(({ sshd }) => sshd.stop());

async function attempt(
  sshd: TestSshd,
  changes: Partial<Host>,
  settings: TransportSettings = {},
): Promise<string> {
  try {
    const session = await connector({ ...sshd.settings, identityFiles: [], ...settings })(sshd.host(changes));
    await session.close();
    return 'connected';
  } catch (error) {
    return (error as Error).message;
  }
}

/** An agent with these keys, while `act` goes on. */
async function withAgent(
  sshd: TestSshd,
  keys: readonly string[],
  act: (socket: string) => Promise<void>,
): Promise<void> {
  const socket = join(sshd.dir, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', socket], { stdio: 'ignore' });
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  const askpass = join(sshd.dir, 'askpass');
  writeFileSync(askpass, '#!/bin/sh\necho secret\n', { mode: 0o755 });
  const env = { ...process.env, SSH_AUTH_SOCK: socket, SSH_ASKPASS: askpass, SSH_ASKPASS_REQUIRE: 'force' };
  try {
    execFileSync(
      'sh',
      ['-c', 'until [ -S "$SSH_AUTH_SOCK" ]; do sleep 0.05; done; ssh-add -q "$@"', 'sh', ...keys],
      {
        env,
      },
    );
    await act(socket);
  } finally {
    agent.kill();
    await ended;
  }
}

test('such a key is found where it is named, or where there is no other, and only its passphrase opens it', async ({
  sshd,
  key,
}) => {
  const open = join(sshd.dir, 'id');
  const cases: readonly (readonly [Partial<Host>, TransportSettings, readonly string[]])[] = [
    [{ privateKeyFile: key }, {}, [key]],
    [{ identityFiles: [open, key] }, {}, [key]],
    [{ jumps: [sshd.host({ privateKeyFile: key })] }, { identityFiles: [open] }, [key]],
    [{}, { identityFiles: [key] }, [key]],
    [{}, { identityFiles: [key, open] }, []],
    [{ privateKeyFile: open }, { identityFiles: [key] }, []],
    [{ connection: 'local', privateKeyFile: key }, {}, []],
  ];
  for (const [changes, settings, expected] of cases)
    assert.equal(await lockedKeys([sshd.host(changes)], { ...sshd.settings, ...settings }), expected);
  assert.ok(opens(key, Secret.open('secret')));
  assert.not.ok(opens(key, Secret.open('wrong')));
});

test('its passphrase lets it in, and without one the error says what does', async ({ sshd, key }) => {
  const passphrases = new Map([[key, Secret.open('secret')]]);
  assert.is(await attempt(sshd, { privateKeyFile: key }, { passphrases }), 'connected');
  const refused = await attempt(sshd, { privateKeyFile: key });
  assert.match(refused, /it is encrypted; load it into an agent .*, or give --key-passphrase-file/);
  assert.not.match(refused, /secret/);
});

test('a key that the agent has wants no passphrase', async ({ sshd, key }) => {
  await withAgent(sshd, [key], async (agentSocket) => {
    const named = sshd.host({ privateKeyFile: key });
    assert.equal(await lockedKeys([named], { ...sshd.settings, agentSocket }), []);
    assert.is(await attempt(sshd, { privateKeyFile: key }, { agentSocket }), 'connected');
  });
});

test('of the agent only the named keys are offered where IdentitiesOnly says so', async ({ sshd, key }) => {
  await withAgent(sshd, [key], async (agentSocket) => {
    const only = { identitiesOnly: true };
    const other = { ...only, identityFiles: [join(sshd.dir, 'other')] };
    assert.is(await attempt(sshd, { ...only, identityFiles: [key] }, { agentSocket }), 'connected');
    assert.match(await attempt(sshd, other, { agentSocket }), /accepts none of our keys/);
    assert.match(await attempt(sshd, only, { agentSocket }), /no key to try and no agent/);
  });
});

test('certificates, of hosts and of users, are not taken, and the error says so', async ({ sshd }) => {
  const file = join(sshd.dir, 'authority');
  const [, ...key] = knownHostsLine(sshd.dir, sshd.port).split(' ');
  writeFileSync(file, `@cert-authority * ${key.join(' ')}`);
  const unknown = await attempt(sshd, { knownHostsFiles: [file] });
  assert.ok(unknown.includes(`(${file}:1 names an authority that vouches for it by certificates`), unknown);
  const other = join(sshd.dir, 'other');
  writeFileSync(`${other}-cert.pub`, 'ssh-ed25519-cert-v01@openssh.com AAAA\n');
  assert.match(
    await attempt(sshd, { privateKeyFile: other }),
    /the certificate .*other-cert\.pub was not used/,
  );
});

test.run();
