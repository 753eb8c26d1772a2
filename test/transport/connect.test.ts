import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../src/core/host.ts';
import { Unreachable } from '../../src/core/session.ts';
import { connector } from '../../src/transport/connector.ts';
import type { TransportSettings } from '../../src/transport/settings.ts';
import { startProxy } from './proxy.ts';
import { knownHostsLine, startSshd, type TestSshd } from './sshd.ts';

interface Context {
  sshd: TestSshd;
}

const test = suite<Context>('connecting');

test.before(async (context) => {
  context.sshd = await startSshd();
});

test.after(({ sshd }) => sshd.stop());

/** The message of the `Unreachable` that connecting ends with, or "connected". */
async function attempt(
  sshd: TestSshd,
  changes: Partial<Host>,
  settings: TransportSettings = {},
): Promise<string> {
  try {
    const session = await connector({ ...sshd.settings, ...settings })(sshd.host(changes));
    await session.close();
    return 'connected';
  } catch (error) {
    if (error instanceof Unreachable) return error.message;
    throw error;
  }
}

test('takes a key that known_hosts has, plain or hashed', async ({ sshd }) => {
  assert.is(await attempt(sshd, {}), 'connected');
  const hashed = join(sshd.dir, 'hashed');
  writeFileSync(hashed, readFileSync(join(sshd.dir, 'known_hosts')));
  execFileSync('ssh-keygen', ['-q', '-H', '-f', hashed], { stdio: 'ignore' });
  assert.match(readFileSync(hashed, 'utf8'), /^\|1\|/);
  assert.is(await attempt(sshd, { knownHostsFiles: [hashed] }), 'connected');
});

test('refuses an unknown key, with its fingerprint and the command that adds it', async ({ sshd }) => {
  const file = join(sshd.dir, 'empty');
  writeFileSync(file, '# nothing\n');
  const message = await attempt(sshd, { knownHostsFiles: [file] });
  const fingerprint =
    execFileSync('ssh-keygen', ['-lf', join(sshd.dir, 'host.pub')])
      .toString()
      .split(' ')[1] ?? '?';
  assert.ok(message.includes(fingerprint), message);
  const command = message.slice(message.indexOf('echo '));
  execFileSync('sh', ['-c', command]);
  assert.is(await attempt(sshd, { knownHostsFiles: [file] }), 'connected');
});

test('adds an unknown key where that was asked for, but never a changed one', async ({ sshd }) => {
  const file = join(sshd.dir, 'new', 'known_hosts');
  assert.is(await attempt(sshd, { knownHostsFiles: [file] }, { acceptNew: true }), 'connected');
  assert.is(await attempt(sshd, { knownHostsFiles: [file] }), 'connected');
  writeFileSync(file, otherKeyLine(sshd));
  assert.match(await attempt(sshd, { knownHostsFiles: [file] }, { acceptNew: true }), /HAS CHANGED/);
});

test('refuses a changed key loudly, naming file and line', async ({ sshd }) => {
  const file = join(sshd.dir, 'changed');
  writeFileSync(file, `# a comment\n\n${otherKeyLine(sshd)}`);
  const message = await attempt(sshd, { knownHostsFiles: [file] });
  assert.match(message, /THE HOST KEY OF \[127\.0\.0\.1\]:\d+ HAS CHANGED/);
  assert.ok(message.includes(`${file}:3`), message);
  assert.ok(message.includes(`sed -i 3d ${file}`), message);
});

test('refuses a revoked key, also when it is known', async ({ sshd }) => {
  const file = join(sshd.dir, 'revoked');
  const line = knownHostsLine(sshd.dir, sshd.port);
  writeFileSync(file, `${line}@revoked * ${line.split(' ').slice(1).join(' ')}`);
  const message = await attempt(sshd, { knownHostsFiles: [file] });
  assert.ok(message.includes(`revoked in ${file}:2`), message);
});

test('says which keys were tried when none is accepted', async ({ sshd }) => {
  const files = ['other', 'encrypted', 'host.pub'].map((name) => join(sshd.dir, name));
  const message = await attempt(sshd, { privateKeyFile: join(sshd.dir, 'none') }, { identityFiles: files });
  assert.match(message, /accepts none of our keys for \w+/);
  assert.ok(message.includes(`key ${files[0]}`), message);
  assert.match(message, /encrypted: it is encrypted; load it into an agent .*ssh-add/);
  assert.match(message, /host\.pub: it is a public key/);
  assert.match(message, /none: ENOENT/);
  assert.match(await attempt(sshd, {}, { identityFiles: [] }), /there was no key to try and no agent/);
});

test("takes the host's own key file before the others", async ({ sshd }) => {
  const settings = { identityFiles: [join(sshd.dir, 'other')] };
  assert.is(await attempt(sshd, { privateKeyFile: join(sshd.dir, 'id') }, settings), 'connected');
});

test('takes a key from an agent, and key files when the agent does not work', async ({ sshd }) => {
  const agentSocket = join(sshd.dir, 'agent');
  const agent = spawn('ssh-agent', ['-D', '-a', agentSocket], { stdio: 'ignore' });
  const env = { ...process.env, SSH_AUTH_SOCK: agentSocket };
  execFileSync('sh', ['-c', `until ssh-add -q ${join(sshd.dir, 'id')} 2>/dev/null; do sleep 0.05; done`], {
    env,
  });
  assert.is(await attempt(sshd, {}, { agentSocket, identityFiles: [] }), 'connected');
  const ended = new Promise((resolve) => agent.once('exit', resolve));
  agent.kill();
  await ended;
  rmSync(agentSocket, { force: true });
  const dead = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => dead.listen(agentSocket, resolve));
  assert.is(await attempt(sshd, {}, { agentSocket }), 'connected');
  dead.close();
});

test('says in words why there is no connection', async ({ sshd }) => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  const port = typeof address === 'object' ? (address?.port ?? 0) : 0;
  const cases: readonly (readonly [Partial<Host>, RegExp, Partial<TransportSettings>?])[] = [
    [{ port: 1 }, /127\.0\.0\.1 port 1 refuses the connection: nothing listens there/],
    [
      { address: 'no-such-name.invalid' },
      /name no-such-name\.invalid cannot be resolved: check ansible_host/,
    ],
    [{ port }, /no answer from 127\.0\.0\.1 port \d+ within 0.5 s/, { connectTimeoutMs: 500 }],
  ];
  for (const [changes, expected, settings] of cases)
    assert.match(await attempt(sshd, changes, settings), expected);
  silent.close();
});

test('notices a black hole while idle in a look', async ({ sshd }) => {
  const proxy = await startProxy(sshd.port);
  const file = join(sshd.dir, 'through-proxy');
  writeFileSync(file, knownHostsLine(sshd.dir, proxy.port));
  const session = await connector(sshd.settings)(sshd.host({ port: proxy.port, knownHostsFiles: [file] }));
  proxy.swallow(true);
  // Without keepalive nothing would tell, until the look's own time is over.
  const error = await session.probe('echo hi', { timeoutMs: 60_000 }).catch((e: unknown) => e);
  assert.instance(error, Unreachable);
  assert.match((error as Error).message, /lost during a look at it: Keepalive timeout/);
  await session.close();
  await proxy.close();
});

test('becomes root with sudo, and says what to do where sudo wants a password', async ({ sshd }) => {
  const stub = join(sshd.dir, 'bin');
  execFileSync('mkdir', ['-p', stub]);
  const path = process.env.PATH;
  const asked = join(sshd.dir, 'asked');
  const sudo = (script: string) => {
    writeFileSync(join(stub, 'sudo'), `#!/bin/sh\necho "$*" >> ${asked}\n${script}\n`);
    chmodSync(join(stub, 'sudo'), 0o755);
  };
  process.env.PATH = `${stub}:${path}`;
  const real = process.getuid;
  process.getuid = () => 1000;
  try {
    sudo('shift; exec "$@"');
    assert.is(await attempt(sshd, { connection: 'local', become: true, user: 'admin' }), 'connected');
    sudo('echo "sudo: a password is required" >&2; exit 1');
    const message = await attempt(sshd, { connection: 'local', become: true, user: 'admin' });
    assert.match(
      message,
      /admin cannot become root on here without a password: .*sudo: a password is required.*NOPASSWD/,
    );
    assert.is(readFileSync(asked, 'utf8'), '-n sh\n-n sh\n', 'asked once each, never for a password');
  } finally {
    process.env.PATH = path;
    if (real !== undefined) process.getuid = real;
  }
});

function otherKeyLine(sshd: TestSshd): string {
  const [type, key] = readFileSync(join(sshd.dir, 'other.pub'), 'utf8').split(' ');
  return `[127.0.0.1]:${sshd.port} ${type} ${key}\n`;
}

test.run();
