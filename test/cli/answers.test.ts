// Whether a host that was declared gone shows that it is not: at which ports, on which way, and what cannot be seen.
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { answers, unseenAmong } from '../../src/cli/answers.ts';
import type { Host, SshPlace } from '../../src/core/host.ts';
import type { Door, Knock, Knocked } from '../../src/transport/knock.ts';
import { knocker } from '../../src/transport/knock.ts';
import { freePort } from '../support/free-port.ts';
import { localHost } from './folder.ts';
import { fanopsIn } from './program.ts';

const HOST: Host = {
  name: 'db3',
  index: 2,
  connection: 'ssh',
  address: '192.0.2.3',
  port: 22,
  user: 'root',
  knownHostsFiles: [],
  become: false,
};
const BASTION: SshPlace = { address: '192.0.2.1', port: 22, user: 'root', knownHostsFiles: [] };
const SILENT: Knocked = { state: 'silent' };
const NO_NAME: Knocked = { state: 'unknown', why: 'the name db3 cannot be resolved' };

/** Answers so, and keeps where it knocked. */
function noting(...knocked: readonly Knocked[]): { knock: Knock; at: string[] } {
  const at: string[] = [];
  const knock: Knock = async (doors: readonly Door[], jumps: readonly SshPlace[]) => {
    at.push(...[...jumps, ...doors].map(({ address, port }) => `${address}:${port}`));
    return knocked;
  };
  return { knock, at };
}

async function listening(address: string, port: number): Promise<Server> {
  const server = createServer().listen(port, address);
  await once(server, 'listening');
  return server;
}

test('it knocks for ssh and for Patroni, which listens at cluster_address, through the jump hosts', async () => {
  const { knock, at } = noting(SILENT, { state: 'open' });
  assert.equal(await answers({ ...HOST, jumps: [BASTION] }, '10.0.0.3', knock), {
    state: 'answers',
    how: 'Patroni on 10.0.0.3:8008',
  });
  assert.equal(at, ['192.0.2.1:22', '192.0.2.3:22', '10.0.0.3:8008']);
  assert.equal(await answers(HOST, undefined, noting(SILENT, SILENT).knock), SILENT);
  assert.is((await answers({ ...HOST, connection: 'local' }, undefined, knock)).state, 'answers');
});

test('what cannot be seen is not gone, and is told once with the reason', async () => {
  const { knock } = noting(NO_NAME, NO_NAME);
  const unseen = { state: 'unseen', why: 'the name db3 cannot be resolved' };
  assert.equal(await answers(HOST, undefined, knock), unseen);
  assert.is((await answers(HOST, undefined, noting(NO_NAME, { state: 'open' }).knock)).state, 'answers');
  const whole = {
    inventory: { file: 'hosts.yml', hosts: [HOST], groups: {} },
    clusterAddresses: new Map<string, string>(),
  };
  const [told, ...others] = await unseenAmong(['db3'], whole, knock);
  assert.is(others.length, 0);
  assert.is(told?.message, 'whether db3 is off cannot be seen from here: the name db3 cannot be resolved');
  assert.equal(await unseenAmong(['db3'], whole, noting(SILENT, SILENT).knock), []);
});

test('a real port, a closed one and a name that nobody knows', async () => {
  const server = await listening('127.0.0.1', 0);
  const { port } = server.address() as { port: number };
  const knocked = await knocker()(
    [
      { address: '127.0.0.1', port },
      { address: '127.0.0.1', port: await freePort(1, 8) },
      { address: 'db3.internal.invalid', port: 22 },
    ],
    [],
  );
  server.close();
  assert.equal(
    knocked.map(({ state }) => state),
    ['open', 'silent', 'unknown'],
  );
});

const RUNBOOK =
  'runbook: Look\nsteps:\n  - { step: look, hosts: db1, guard: [{ that: "true", msg: never }] }\n';
const ANSWERS: readonly [string, string, number, RegExp][] = [
  [
    'where its name is not known, a warning says so',
    '{ansible_host: db3.internal.invalid}',
    0,
    /warning: whether db3 is off cannot be seen from here: the name db3\.internal\.invalid cannot be resolved/,
  ],
  [
    'where its jump host is not there, too',
    '{ansible_host: 192.0.2.3, fanops_proxy_jump: "nobody@127.0.0.1:1"}',
    0,
    /cannot be seen from here: jump host 127\.0\.0\.1 port 1: .*refuses the connection/,
  ],
  [
    'where its Patroni answers at cluster_address, the runbook stops',
    '{ansible_host: 127.0.0.1, ansible_port: 1, cluster_address: "{{its_address}}", its_address: 127.77.0.3, other: "{{nothing}}"}',
    5,
    /declared lost, and yet it answers: db3 \(Patroni on 127\.77\.0\.3:8008\)/,
  ],
];

for (const [title, host, expected, said] of ANSWERS)
  test(`--lost: ${title}`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'fanops-lost-'));
    const patroni = await listening('127.77.0.3', 8008);
    try {
      writeFileSync(join(folder, 'look.yml'), RUNBOOK);
      writeFileSync(
        join(folder, 'hosts.yml'),
        `all: {children: {db: {hosts: {db1: ${localHost(folder)}, db3: ${host}}}}}\n`,
      );
      const confirmed = ['--lost', 'db3', '--confirm', 'db3 is powered off', '--yes'];
      const { status, stderr } = fanopsIn(folder, 'run', 'look.yml', '-i', 'hosts.yml', ...confirmed);
      assert.is(status, expected, stderr);
      assert.match(stderr, said);
    } finally {
      patroni.close();
      rmSync(folder, { recursive: true });
    }
  });

test.run();
