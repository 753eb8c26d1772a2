import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host, SshPlace } from '../../src/core/host.ts';
import { connector } from '../../src/transport/connector.ts';
import { startProxy } from './proxy.ts';
import { knownHostsLine, startSshd, type TestSshd } from './sshd.ts';

interface Context {
  sshd: TestSshd;
  jump: TestSshd;
  known: string;
}

const test = suite<Context>('jump hosts');

test.before(async (context) => {
  context.sshd = await startSshd();
  context.jump = await startSshd();
  // One file knows both, and the jump host takes the same key.
  context.known = join(context.sshd.dir, 'known-both');
  writeFileSync(
    context.known,
    knownHostsLine(context.sshd.dir, context.sshd.port) + knownHostsLine(context.jump.dir, context.jump.port),
  );
  writeFileSync(join(context.jump.dir, 'authorized_keys'), readFileSync(join(context.sshd.dir, 'id.pub')));
});

test.after(async ({ sshd, jump }) => {
  await sshd.stop();
  await jump.stop();
});

function place({ jump, known }: Context, changes: Partial<SshPlace> = {}): SshPlace {
  const { address, port, user } = jump.host();
  return { address, port, user, knownHostsFiles: [known], ...changes };
}

async function attempt(context: Context, jumps: readonly SshPlace[]): Promise<string> {
  const { sshd, known } = context;
  try {
    const session = await connector(sshd.settings)(sshd.host({ jumps, knownHostsFiles: [known] }));
    const { stdout } = await session.probe('echo there', { timeoutMs: 20_000 });
    await session.close();
    return stdout.toString();
  } catch (error) {
    return (error as Error).message;
  }
}

test('a host is reached through one and through several', async (context) => {
  assert.is(await attempt(context, [place(context)]), 'there\n');
  const back = { ...place(context), port: context.sshd.port };
  assert.is(await attempt(context, [place(context), back]), 'there\n');
  assert.is(await attempt(context, [place(context), back, place(context)]), 'there\n');
});

test('many hosts share one connection to it, which is closed with the last of them', async (context) => {
  const { sshd, jump, known } = context;
  const proxy = await startProxy(jump.port);
  const file = join(sshd.dir, 'known-proxy');
  writeFileSync(file, readFileSync(known, 'utf8') + knownHostsLine(jump.dir, proxy.port));
  const through = place(context, { port: proxy.port, knownHostsFiles: [file] });
  const connect = connector(sshd.settings);
  const hosts = Array.from(
    { length: 12 },
    (_, n): Host => sshd.host({ name: `h${n}`, jumps: [through], knownHostsFiles: [known] }),
  );
  const sessions = await Promise.all(hosts.map((host) => connect(host)));
  assert.is(proxy.connections(), 1);
  const seen = await Promise.all(sessions.map((s) => s.probe('echo x', { timeoutMs: 20_000 })));
  assert.ok(seen.every(({ stdout }) => stdout.toString() === 'x\n'));
  assert.ok(sessions.every(({ stats }) => stats.bytesReceived > 1000 && stats.bytesSent > 1000));
  await Promise.all(sessions.map((s) => s.close()));
  await proxy.idle();
  await proxy.close();
});

test('a batch goes on when the connection to the jump host is lost', async (context) => {
  const { sshd, jump, known } = context;
  const proxy = await startProxy(jump.port);
  const file = join(sshd.dir, 'known-proxy');
  writeFileSync(file, readFileSync(known, 'utf8') + knownHostsLine(jump.dir, proxy.port));
  const through = place(context, { port: proxy.port, knownHostsFiles: [file] });
  const session = await connector(sshd.settings)(sshd.host({ jumps: [through], knownHostsFiles: [known] }));
  const seen: string[] = [];
  const command = { id: 'a', script: 'echo one; sleep 1; echo two', timeoutMs: 20_000 };
  const result = await session.run(
    { key: `jump-${process.pid}`, commands: [command] },
    {
      output(_id, _stream, chunk) {
        if (chunk.toString().includes('one')) proxy.cutNow();
      },
      contact: (state) => void seen.push(state),
    },
  );
  assert.equal(
    result.results.map((r) => r.stdout),
    ['one\ntwo\n'],
  );
  assert.equal(seen, ['lost', 'regained']);
  await session.close();
  await proxy.close();
});

test('what is wrong with a jump host is told with its name', async (context) => {
  const { sshd } = context;
  const empty = join(sshd.dir, 'knows-nothing');
  writeFileSync(empty, '');
  const name = String.raw`^jump host 127\.0\.0\.1 port \d+: `;
  const cases: readonly (readonly [Partial<SshPlace>, string])[] = [
    [{ port: 1 }, '127.0.0.1 port 1 refuses the connection'],
    [{ knownHostsFiles: [empty] }, 'the host key of .* is not known'],
    [{ user: 'nobody' }, '.*accepts none of our keys for nobody'],
    [{ address: 'no-such-name.invalid' }, 'the name no-such-name.invalid cannot be resolved'],
  ];
  for (const [changes, expected] of cases) {
    const pattern =
      changes.address === undefined ? name : name.replace(String.raw`127\.0\.0\.1`, changes.address);
    assert.match(await attempt(context, [place(context, changes)]), new RegExp(pattern + expected));
  }
  const beyond = await attempt(context, [place(context), place(context, { port: 1 })]);
  assert.match(beyond, /^jump host 127\.0\.0\.1 port \d+: it cannot reach 127\.0\.0\.1 port 1: /);
});

test("the host's own key is verified behind a jump host, too", async (context) => {
  const { sshd, jump } = context;
  const file = join(sshd.dir, 'known-wrong');
  const wrong = knownHostsLine(jump.dir, jump.port).replace(String(jump.port), String(sshd.port));
  writeFileSync(file, wrong);
  const session = connector(sshd.settings)(sshd.host({ jumps: [place(context)], knownHostsFiles: [file] }));
  const error = await session.catch((e: unknown) => e);
  assert.match((error as Error).message, /^THE HOST KEY OF \[127\.0\.0\.1\]:\d+ HAS CHANGED/);
});

test.run();
