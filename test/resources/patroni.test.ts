import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import type { AnyResource } from '../../src/core/resource.ts';
import { patroni, patroniFact } from '../../src/facts/patroni.ts';
import type { PatroniView } from '../../src/facts/patroni-view.ts';
import { patroniFacts } from '../../src/resources/patroni-facts.ts';
import { patroniRestart } from '../../src/resources/patroni-restart.ts';
import { patroniSwitchover } from '../../src/resources/patroni-switchover.ts';
import { waitFor } from '../../src/resources/wait-for.ts';
import { lookAt } from '../facts/looking.ts';
import { type StubMachine, stubMachine } from './stub-machine.ts';
import { apply, SH } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ machine: StubMachine; servers: ChildProcess[] }>('patroni');

test.before.each((context) => {
  context.machine = stubMachine();
  context.servers = [];
});
test.after.each(({ machine, servers }) => {
  machine.remove();
  for (const server of servers) server.kill();
});

/** Answers as Patroni 3.0.2 gave them. */
const OWN = {
  state: 'running',
  role: 'master',
  timeline: 4,
  pending_restart: true,
  database_system_identifier: '7397708120470393282',
  patroni: { version: '3.0.2', scope: 'fanatico-l1-cluster' },
};
const DB1 = {
  name: 'db1',
  role: 'leader',
  state: 'running',
  api_url: 'http://a:8008/patroni',
  host: '10.0.0.1',
  port: 5432,
  timeline: 4,
};
const DB2 = { ...DB1, name: 'db2', role: 'replica', host: '10.0.0.2', lag: 0 };
const DB3 = {
  ...DB2,
  name: 'db3',
  host: '10.0.0.3',
  lag: 'unknown',
  state: 'start failed',
  timeline: undefined,
};
const CLUSTER = { members: [DB1, DB2, DB3] };

function serve(servers: ChildProcess[], answers: object): Promise<number> {
  const script = fileURLToPath(new URL('rest-server.mjs', import.meta.url));
  const server = spawn(process.execPath, [script, JSON.stringify(answers)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  servers.push(server);
  return new Promise((resolve) => server.stdout?.once('data', (chunk) => resolve(Number(chunk))));
}

for (const host of ['127.0.0.1', '127.0.0.53', '0.0.0.0'])
  test(`a Patroni that listens on ${host} is found and understood`, async ({ servers }) => {
    const port = await serve(servers, { patroni: OWN, cluster: CLUSTER, host });
    const [looked] = lookAt(patroni, [port]);
    assert.equal(looked, value(viewOf(OWN.pending_restart)));
  });

function viewOf(pendingRestart: boolean): PatroniView {
  const member = { timeline: 4, state: 'running', pendingRestart: false };
  return {
    state: 'running',
    role: 'leader',
    timeline: 4,
    pendingRestart,
    scope: 'fanatico-l1-cluster',
    systemIdentifier: '7397708120470393282',
    members: [
      { ...member, name: 'db1', role: 'leader', lag: null, host: '10.0.0.1' },
      { ...member, name: 'db2', role: 'replica', lag: 0, host: '10.0.0.2' },
      {
        ...member,
        name: 'db3',
        role: 'replica',
        lag: null,
        host: '10.0.0.3',
        state: 'start failed',
        timeline: null,
      },
    ],
  };
}

test('a Patroni that starts answers 503 and is understood; one that talks nonsense is unreadable', async ({
  servers,
}) => {
  const starting = await serve(servers, {
    patroni: { state: 'starting', role: 'replica' },
    cluster: CLUSTER,
    status: 503,
  });
  const nonsense = await serve(servers, { patroni: '<html>', cluster: CLUSTER });
  const failing = await serve(servers, { patroni: OWN, cluster: CLUSTER, status: 404 });
  const [first, second, third] = lookAt(patroni, [starting, nonsense, failing]);
  assert.equal(first?.state === 'value' && [first.value.state, first.value.role], ['starting', 'replica']);
  assert.is(second?.state, 'unreadable');
  assert.match(third?.state === 'unreadable' ? third.reason : '', /HTTP status 404/);
});

test('where nobody listens, Patroni is absent', () => {
  assert.equal(lookAt(patroni, [1]), [ABSENT]);
});

test('a host where the question fails is unreadable', () => {
  assert.is(lookAt(patroni, [1], { env: { PATH: '/nonexistent' } })[0]?.state, 'unreadable');
});

const HEALTHY: PatroniView = {
  ...viewOf(false),
  members: viewOf(false).members.map((m) => ({ ...m, state: 'running', timeline: 4 })),
};
const STALE: PatroniView = {
  ...HEALTHY,
  members: HEALTHY.members.map((m) => ({ ...m, role: m.name === 'db2' ? 'leader' : 'replica' })),
};

function judged(...views: readonly Looked<PatroniView>[]) {
  const members = views.map((looked, index) => [`h${index + 1}`, facts([patroniFact(), looked])]);
  const view = viewOfMembers(Object.fromEntries(members));
  return patroniFacts.registered({ members: 'db' }, patroniFacts.diff({ members: 'db' }, view), [], view);
}

test('members that agree and all run are healthy', () => {
  const { healthy, leader, timeline, disagreement } = judged(value(HEALTHY), value(HEALTHY), value(HEALTHY));
  assert.equal([healthy, leader, timeline, disagreement], [true, 'db1', 4, []]);
});

test('a cluster with a member that does not run, is silent or cannot be asked is not healthy', () => {
  assert.is(judged(value(viewOf(false)), value(HEALTHY), value(HEALTHY)).healthy, false);
  const { healthy, silent, unseen } = judged(value(HEALTHY), ABSENT, unreadable('gone'));
  assert.equal([healthy, silent, unseen], [false, ['h2'], ['h3: gone']]);
  assert.is(judged(ABSENT, ABSENT, ABSENT).healthy, false);
});

test('members that disagree are told apart by name, and there is no leader then', () => {
  const { healthy, leader, disagreement } = judged(value(HEALTHY), value(STALE), value(HEALTHY));
  assert.equal([healthy, leader], [false, '']);
  assert.equal(disagreement, ['the leader: h1 says db1, h2 says db2, h3 says db1']);
});

const WAITS: readonly (readonly [object, PatroniView, boolean])[] = [
  [{ role: 'leader', members: 3 }, HEALTHY, true],
  [{ role: 'replica' }, HEALTHY, false],
  [{ members: 3 }, viewOf(false), false],
  [{ members: 2 }, viewOf(false), true],
  [{}, { ...HEALTHY, state: 'starting' }, false],
];

for (const [wish, view, met] of WAITS)
  test(`waiting for ${JSON.stringify(wish)} is ${met ? '' : 'not '}over with ${view.state}, ${view.members[2]?.state}`, () => {
    const seen = waitFor.met?.({ patroni: wish }, viewOfMembers({ h1: facts([patroniFact(), value(view)]) }));
    assert.is(seen?.met, met, seen?.seen);
    assert.match(seen?.seen ?? '', /^role=leader, state=/);
  });

const TSV = 'Cluster\tMember\tHost\tRole\tState\tTL\tLag in MB\tPending restart\n';
const LIST = `${TSV}c\tdb1\t10.0.0.1\tLeader\trunning\t4\t\t\nc\tdb2\t10.0.0.2\tReplica\trunning\t4\t0\t\n`;
const PENDING = LIST.replace('running\t4\t\t\n', 'running\t4\t\t*\n');
const SWITCHED = LIST.replace('Leader', 'x').replace('Replica', 'Leader').replace('x', 'Replica');

const ACTIONS: readonly {
  readonly title: string;
  readonly resource: AnyResource;
  readonly args: object;
  readonly says: { readonly [verb: string]: string };
  readonly status: number;
  readonly stderr?: RegExp;
}[] = [
  {
    title: 'a restart that succeeds',
    resource: patroniRestart,
    args: { member: 'db1' },
    says: { restart: 'Success: restart on member db1', list: LIST },
    status: 0,
  },
  {
    title: 'a restart that Patroni refuses, with exit status 0',
    resource: patroniRestart,
    args: { member: 'db1' },
    says: { restart: 'Failed: restart for member db1, status code=503', list: LIST },
    status: 1,
    stderr: /did not say "Success: restart on member db1": it was refused/,
  },
  {
    title: 'a restart after which it is still pending',
    resource: patroniRestart,
    args: { member: 'db1' },
    says: { restart: 'Success: restart on member db1', list: PENDING },
    status: 1,
    stderr: /still not as wanted: db1: Leader running, restart pending/,
  },
  {
    title: 'a switchover that succeeds',
    resource: patroniSwitchover,
    args: { candidate: 'db2' },
    says: { switchover: '2026 Successfully switched over to "db2"', list: SWITCHED },
    status: 0,
  },
  {
    title: 'a switchover that Patroni refuses, with exit status 0',
    resource: patroniSwitchover,
    args: { candidate: 'db2' },
    says: { switchover: 'Switchover failed, details: 503, Switchover failed', list: SWITCHED },
    status: 1,
    stderr: /it was refused/,
  },
  {
    title: 'a switchover after which the old leader leads',
    resource: patroniSwitchover,
    args: { candidate: 'db2' },
    says: { switchover: '2026 Successfully switched over to "db2"', list: LIST },
    status: 1,
    stderr: /still not as wanted: db2: Replica running/,
  },
];

for (const { title, resource, args, says, status, stderr } of ACTIONS)
  test(`${title} is taken for what it is`, async ({ machine, servers }) => {
    const port = await serve(servers, { patroni: OWN, cluster: CLUSTER });
    for (const [verb, text] of Object.entries(says)) machine.write(`patronictl.${verb}`, text);
    const { before, results } = apply(machine, resource, { cluster: 'c', port, timeout: '1s', ...args });
    assert.equal([before.action, before.risk], ['run', 'interrupts'], before.reason);
    assert.is(results[0]?.status, status, results[0]?.stderr);
    if (stderr) assert.match(results[0]?.stderr ?? '', stderr);
  });

const JUDGED: readonly (readonly [string, AnyResource, object, string, RegExp])[] = [
  ['the leader needs no switchover', patroniSwitchover, { candidate: 'db1' }, 'none', /^$/],
  [
    'a stranger cannot lead',
    patroniSwitchover,
    { candidate: 'x' },
    'blocked',
    /expected x to be a member, found db1, db2/,
  ],
  [
    'one that does not run cannot lead',
    patroniSwitchover,
    { candidate: 'db3' },
    'blocked',
    /found it start failed/,
  ],
  [
    'another leader than expected',
    patroniSwitchover,
    { candidate: 'db2', leader: 'db3' },
    'blocked',
    /found db1/,
  ],
];

for (const [title, resource, args, action, reason] of JUDGED)
  test(title, () => {
    const view = viewOfMembers({ h1: facts([patroniFact(), value(viewOf(false))]) });
    const change = resource.diff({ cluster: 'c', ...args }, view);
    assert.is(change.action, action);
    assert.match(change.reason ?? '', reason);
  });

test('a restart only where one is pending', () => {
  const change = (pending: boolean) =>
    patroniRestart.diff(
      { cluster: 'c', member: 'db1', pending: true },
      viewOfMembers({ h1: facts([patroniFact(), value(viewOf(pending))]) }),
    ).action;
  assert.equal([change(false), change(true)], ['none', 'run']);
});

test('where no Patroni answers there is nothing to restart', () => {
  const { before, commands } = apply(SH, patroniRestart, { cluster: 'c', member: 'db1', port: 1 });
  assert.match(before.reason ?? '', /no Patroni answers/);
  assert.equal(commands, []);
});

test.run();
