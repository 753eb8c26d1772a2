// A real sudo that wants a password, of an account that exists only for the sshd of this test.
import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../src/core/host.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Session } from '../../src/core/session.ts';
import { connector } from '../../src/transport/connector.ts';
import { startSshd, type TestSshd } from './sshd.ts';

interface Context {
  sshd: TestSshd;
}

const USER = 'fanops-test';
const UID = 4242;
const PASSWORD = `it's "öpen" $(x)`;

const test = suite<Context>('sudo with a password');

test.before(async (context) => {
  context.sshd = await startSshd(withAccount);
});

test.after(({ sshd }) => sshd.stop());

/** A mount namespace in which /etc knows the account and sudo wants its password. */
function withAccount(dir: string): string[] {
  const home = join(dir, 'home');
  mkdirSync(home);
  chownSync(home, UID, UID);
  chmodSync(dir, 0o755);
  for (const name of ['id.pub', 'authorized_keys']) chmodSync(join(dir, name), 0o644);
  const hash = execFileSync('openssl', ['passwd', '-6', PASSWORD], { encoding: 'utf8' }).trim();
  const files = {
    passwd: `${readFileSync('/etc/passwd', 'utf8')}${USER}:x:${UID}:${UID}::${home}:/bin/sh\n`,
    shadow: `${readFileSync('/etc/shadow', 'utf8')}${USER}:${hash}:19000:0:99999:7:::\n`,
    sudoers: `Defaults env_reset, logfile=${dir}/sudo.log\nroot ALL=(ALL:ALL) ALL\n${USER} ALL=(ALL:ALL) ALL\n`,
  };
  for (const [name, text] of Object.entries(files)) {
    writeFileSync(join(dir, name), text);
    chmodSync(join(dir, name), name === 'passwd' ? 0o644 : 0o440);
  }
  const mounts = Object.keys(files).map((name) => `mount --bind "$1/${name}" /etc/${name}`);
  return ['unshare', '--mount', 'sh', '-c', `${mounts.join(' && ')} && shift && exec "$@"`, 'sh', dir];
}

function connect({ sshd }: Context, password?: string) {
  const becomePassword = password === undefined ? undefined : Secret.open(password);
  return connector({ ...sshd.settings, becomePassword });
}

function host({ sshd }: Context, changes: Partial<Host> = {}): Host {
  return sshd.host({ user: USER, become: true, ...changes });
}

async function refusal(session: Promise<Session>): Promise<string> {
  const error = await session.catch((e: unknown) => e);
  assert.instance(error, Error);
  return (error as Error).message;
}

function log({ sshd }: Context): string {
  const file = join(sshd.dir, 'sudo.log');
  return existsSync(file) ? readFileSync(file, 'utf8').replaceAll(/\n +/g, ' ') : '';
}

test('everything runs as root, in all channels, and the password is in no command line', async (context) => {
  const session = await connect(context, PASSWORD)(host(context));
  assert.is(session.hello.uid, 0);
  const ask = async (mayHang: boolean) =>
    (await session.probe('id -u; cat /proc/[0-9]*/cmdline | tr "\\0" " "', { timeoutMs: 20_000, mayHang }))
      .stdout;
  for (const mayHang of [false, true]) {
    const seen = (await ask(mayHang)).toString();
    assert.match(seen, /^0\n/);
    assert.not.match(seen, PASSWORD);
    assert.not.match(seen, Buffer.from(PASSWORD).toString('base64'));
  }
  const command = { id: 'a', script: 'id -u; cat', timeoutMs: 20_000 };
  const big = Buffer.alloc(2 << 20, 'x').toString();
  const batch = {
    key: `sudo-${process.pid}`,
    commands: [{ ...command, stdin: { kind: 'text', text: big } as const }],
  };
  const { results } = await session.run(batch, {});
  assert.match(results[0]?.stdout ?? '', /^0\nxxx/);
  const fed = await session.feed('id -u >&2; cat >/dev/null', Readable.from(['x']));
  assert.equal(fed, { status: 0, stderr: '0\n' });
  const sink = new PassThrough().resume();
  assert.is((await session.download('/etc/shadow', sink)).status, 0);
  const plain = await session.feed('id -un >&2', Readable.from([]), { as: USER });
  assert.equal(plain, { status: 0, stderr: `${USER}\n` });
  await session.close();
});

test('a wrong password is tried once, by one host of many, and never again', async (context) => {
  const before = log(context);
  const connecting = connect(context, 'wrong');
  const hosts = ['a', 'b', 'c', 'd'].map((name) => host(context, { name }));
  const refusals = await Promise.all(hosts.map((one) => refusal(connecting(one))));
  const [first, ...others] = refusals.sort((a, b) => b.length - a.length).reverse();
  assert.match(first ?? '', new RegExp(`^${USER} cannot become root on \\w: sudo rejected the password$`));
  for (const other of others)
    assert.match(other, /cannot become root on \w: the password was rejected on \w, and is not tried again$/);
  const attempts =
    log(context)
      .slice(before.length)
      .match(/incorrect password attempt/g) ?? [];
  assert.is(attempts.length, 1, log(context));
});

test('without a password the error says how to give it', async (context) => {
  const message = await refusal(connect(context)(host(context)));
  assert.match(
    message,
    /cannot become root on here without a password: .*a password is required; give the password/,
  );
  assert.match(message, /--ask-become-pass/);
});

test('where sudo wants no password none is sent', async (context) => {
  const session = await connect(context, PASSWORD)(host(context, { user: 'root', become: false }));
  const { stdout } = await session.probe('echo clean', { timeoutMs: 20_000 });
  assert.is(stdout.toString(), 'clean\n');
  await session.close();
});

test.run();
