import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Host } from '../../src/core/host.ts';
import { type Session, Unreachable } from '../../src/core/session.ts';
import { connector } from '../../src/transport/connector.ts';
import { recorded } from './recorded.ts';

interface Context {
  dir: string;
  alice: Session;
  bob: Session;
}

const SINCE = '2026-11-26T03:12:00Z';
const of = (run: string, holder: string) => ({ run, holder, since: SINCE, message: 'apply site.yml' });
const ALICE = of('run-a', 'alice@ws');
const BOB = of('run-b', 'bob@laptop');

const test = suite<Context>('a lease');

test.before.each(async (context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'fanops-lease-'));
  const host: Host = {
    name: 'db1',
    index: 0,
    connection: 'local',
    address: '',
    port: 0,
    user: '',
    knownHostsFiles: [],
    become: false,
    stateDir: join(context.dir, 'state'),
    runDir: join(context.dir, 'run'),
  };
  context.alice = await connector()(host);
  context.bob = await connector()(host);
});

test.after.each(async ({ alice, bob, dir }) => {
  await alice.close();
  await bob.close();
  rmSync(dir, { recursive: true });
});

test('is held by one run, and the second hears by whom', async ({ alice, bob }) => {
  assert.equal(await alice.takeLease(ALICE), { token: 1 });
  assert.equal(await bob.takeLease(BOB), { heldBy: { ...ALICE, token: 1 } });
  assert.equal(await bob.lease(), { ...ALICE, token: 1 });
});

test('given back, it goes to the next with a higher token; giving back what another holds does nothing', async ({
  alice,
  bob,
}) => {
  await alice.takeLease(ALICE);
  await bob.dropLease('run-b');
  assert.equal(await bob.lease(), { ...ALICE, token: 1 });
  await alice.dropLease('run-a');
  assert.is(await bob.lease(), undefined);
  assert.equal(await bob.takeLease(BOB), { token: 2 });
});

test('taken again by its own run it gets a new token', async ({ alice, bob }) => {
  await alice.takeLease(ALICE);
  assert.equal(await bob.takeLease(ALICE), { token: 2 });
});

test('to look at it makes nothing on the host', async ({ alice, dir }) => {
  assert.is(await alice.lease(), undefined);
  assert.not(existsSync(join(dir, 'state')));
});

test('says things as they were given, on one line', async ({ alice, bob }) => {
  const odd = { ...ALICE, holder: "o'neil $(id)@ws", message: 'restore\n"db"  now' };
  await alice.takeLease(odd);
  assert.equal(await bob.lease(), { ...odd, token: 1, message: 'restore "db" now' });
});

const appending = (dir: string, id: string, more = '') => ({
  id,
  script: `echo ${id} >>${dir}/done; ${more}`,
  timeoutMs: 20_000,
});

test('what is sent without its token begins nothing', async ({ alice, bob, dir }) => {
  await alice.takeLease(ALICE);
  await alice.dropLease('run-a');
  await bob.takeLease(BOB);
  for (const token of [1, 2]) {
    const batch = { key: `run-a.${token}`, token, commands: [appending(dir, 'a')] };
    const ended = await alice.run(batch, {});
    assert.is(ended.outcome, 'fenced');
    assert.is(ended.reason, 'the lease of this host is held by bob@laptop, run run-b');
    assert.equal(ended.results, []);
  }
  assert.not(existsSync(join(dir, 'done')));
});

test('lost in the middle of a batch, the command that runs ends and no other begins', async ({
  alice,
  bob,
  dir,
}) => {
  await alice.takeLease(ALICE);
  const waiting = appending(dir, 'a', `until [ -e ${dir}/go ]; do sleep 0.05; done`);
  const batch = { key: 'run-a.1', token: 1, commands: [waiting, appending(dir, 'b')] };
  const running = alice.run(batch, {});
  while (!existsSync(join(dir, 'done'))) await sleep(20);
  await bob.dropLease('run-a');
  writeFileSync(join(dir, 'go'), '');
  const ended = await running;
  assert.is(ended.outcome, 'fenced');
  assert.equal(
    ended.results.map((result) => result.status),
    [0],
  );
  assert.is(readFileSync(join(dir, 'done'), 'utf8'), 'a\n');
});

test('a batch can be followed by another session, from its first byte to its end', async ({
  alice,
  bob,
  dir,
}) => {
  await alice.takeLease(ALICE);
  const commands = [
    appending(dir, 'a', `echo said; until [ -e ${dir}/go ]; do sleep 0.05; done`),
    appending(dir, 'b', 'exit 3'),
  ];
  const lost = alice.run({ key: 'run-a.1', token: 1, commands }, {}).catch((error: unknown) => error);
  while (!existsSync(join(dir, 'done'))) await sleep(20);
  await alice.close();
  assert.instance(await lost, Unreachable);
  writeFileSync(join(dir, 'go'), '');
  const recording = recorded();
  const ended = await bob.attach({ key: 'run-a.1', commands: 3 }, recording.listener);
  assert.is(ended.outcome, 'failed');
  assert.equal(
    ended.results.map(({ status, stdout }) => [status, stdout]),
    [
      [0, 'said\n'],
      [3, ''],
    ],
  );
  assert.equal(recording.calls, ['started 0', 'finished 0 0', 'started 1', 'finished 1 3']);
  const later = await bob.attach({ key: 'run-a.1', commands: 3 }, {});
  assert.is(later.outcome, 'failed', 'also when its output is gone');
  assert.equal(
    later.results.map(({ status, truncated }) => [status, truncated]),
    [
      [0, true],
      [3, true],
    ],
  );
});

test('a batch that never reached the host is refused as unknown', async ({ alice }) => {
  const ended = await alice.attach({ key: 'run-a.7', commands: 2 }, {});
  assert.equal(ended, { outcome: 'refused', results: [], reason: 'the host knows nothing of it' });
});

test.run();
