import type { ChildProcess } from 'node:child_process';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { patroniFact } from '../../src/facts/patroni.ts';
import { type PatroniConfig, patroniConfigFact } from '../../src/facts/patroni-config.ts';
import type { PatroniMember, PatroniView } from '../../src/facts/patroni-view.ts';
import { type Postgres, postgresFact } from '../../src/facts/postgres.ts';
import { patroniRollingRestart } from '../../src/resources/patroni-rolling-restart.ts';
import { servePatroni } from './patroni-server.ts';
import { type StubMachine, stubMachine } from './stub-machine.ts';
import { apply } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ machine: StubMachine; servers: ChildProcess[] }>('patroni_rolling_restart');

test.before.each((context) => {
  context.machine = stubMachine();
  context.servers = [];
});
test.after.each(({ machine, servers }) => {
  machine.remove();
  for (const server of servers) server.kill();
});

const REPLICA: PatroniMember = {
  name: 'db2',
  role: 'replica',
  state: 'running',
  timeline: 3,
  lag: 0,
  host: 'h',
  pendingRestart: true,
};
const LEADER: PatroniMember = { ...REPLICA, name: 'db1', role: 'leader', lag: null };
const THIRD: PatroniMember = { ...REPLICA, name: 'db3' };

function postgres(max_connections: string): Postgres {
  return {
    version: '15',
    inRecovery: false,
    archiver: { archived: 0, failed: 0, lastArchived: '', lastFailed: '' },
    settings: { max_connections: { value: max_connections, context: 'postmaster', pendingRestart: false } },
  };
}

interface Given {
  readonly members?: readonly PatroniMember[];
  readonly others?: readonly Looked<PatroniView>[];
  readonly running?: string;
  readonly candidate?: string;
}

function viewWith(members: readonly PatroniMember[]): PatroniView {
  return {
    state: 'running',
    role: 'leader',
    timeline: 3,
    pendingRestart: false,
    scope: 'c',
    systemIdentifier: '1',
    dcsAge: null,
    paused: false,
    members,
  };
}

function planned({ members = [LEADER, REPLICA, THIRD], others, running = '100', candidate }: Given) {
  const view = viewWith(members);
  const config: PatroniConfig = {
    settings: { postgresql: { parameters: { max_connections: 100 } } },
    urls: ['http://10.0.0.1:8008'],
  };
  const looked = [value(view), ...(others ?? [value(view), value(view)])];
  const all = looked.map((one, index) => [
    `h${index + 1}`,
    facts(
      [patroniFact(), one],
      [patroniConfigFact(), value(config)],
      [postgresFact(), value(postgres(running))],
    ),
  ]);
  const facts_ = viewOfMembers(Object.fromEntries(all));
  const args = { members: 'db', cluster: 'c', ...(candidate === undefined ? {} : { candidate }) };
  const change = patroniRollingRestart.diff(args, facts_);
  const shown = change.action === 'run' ? patroniRollingRestart.commands(args, change, facts_) : [];
  return { change, shown: shown.map((c) => c.display) };
}

const calm = (m: PatroniMember): PatroniMember => ({ ...m, pendingRestart: false });

const ORDERS: readonly (readonly [string, Given, readonly string[]])[] = [
  [
    'replicas first, then a switchover, then the old leader',
    {},
    [
      'restart the replica db2 of c',
      'restart the replica db3 of c',
      'switch over from db1 to db2',
      'restart db1 where it still has to be',
      'see that no restart is pending',
    ],
  ],
  [
    'the least behind takes over',
    { members: [LEADER, { ...REPLICA, lag: 9 }, THIRD] },
    [
      'restart the replica db2 of c',
      'restart the replica db3 of c',
      'switch over from db1 to db3',
      'restart db1 where it still has to be',
      'see that no restart is pending',
    ],
  ],
  [
    'a synchronous standby before it',
    { members: [LEADER, { ...REPLICA, lag: 9, role: 'sync_standby' }, THIRD] },
    [
      'restart the replica db2 of c',
      'restart the replica db3 of c',
      'switch over from db1 to db2',
      'restart db1 where it still has to be',
      'see that no restart is pending',
    ],
  ],
  [
    'who was named before all',
    { members: [LEADER, calm(REPLICA), calm(THIRD)], candidate: 'db3' },
    ['switch over from db1 to db3', 'restart db1 where it still has to be', 'see that no restart is pending'],
  ],
  [
    'without a switchover where the leader need not be restarted',
    { members: [calm(LEADER), REPLICA, calm(THIRD)] },
    ['restart the replica db2 of c', 'see that no restart is pending'],
  ],
  [
    'in place where the leader is alone',
    { members: [LEADER], others: [] },
    ['restart db1, which leads', 'see that no restart is pending'],
  ],
  [
    'the leader first where standbys cannot go first',
    { running: '200' },
    [
      'restart db1, which leads',
      'restart the replica db2 of c',
      'restart the replica db3 of c',
      'see that no restart is pending',
    ],
  ],
  [
    'a replica without a timeline, just started, is no hindrance',
    { members: [calm(LEADER), { ...REPLICA, timeline: null }, calm(THIRD)] },
    ['restart the replica db2 of c', 'see that no restart is pending'],
  ],
];

for (const [title, given, displays] of ORDERS)
  test(title, () => {
    const { change, shown } = planned(given);
    assert.equal([change.action, change.risk], ['run', 'interrupts'], change.reason);
    assert.equal(shown, displays);
  });

test('where nothing is pending nothing is done', () => {
  assert.is(planned({ members: [LEADER, REPLICA, THIRD].map(calm) }).change.action, 'none');
});

const REFUSED: readonly (readonly [string, Given, RegExp])[] = [
  ['a member that is down', { others: [ABSENT, ABSENT] }, /no Patroni answers on h2: with a member down/],
  [
    'a member that cannot be asked',
    { others: [unreadable('gone')] },
    /every member must be seen before one is restarted: h2: gone/,
  ],
  [
    'a member that does not run',
    { members: [LEADER, REPLICA, { ...THIRD, state: 'start failed' }] },
    /db3 is start failed/,
  ],
  [
    'a member on another timeline',
    { members: [LEADER, REPLICA, { ...THIRD, timeline: 2 }] },
    /db3 is running on timeline 2/,
  ],
  ['no leader', { members: [REPLICA, THIRD], others: [] }, /nobody leads/],
  [
    'members that disagree',
    { others: [value(viewWith([REPLICA, { ...THIRD, role: 'leader' }]))] },
    /do not agree on the leader \(db1, db3\)/,
  ],
  ['a stranger as candidate', { candidate: 'x' }, /expected x to be a replica, found db2, db3/],
];

for (const [title, given, reason] of REFUSED)
  test(`${title} stops it`, () => {
    const { change } = planned(given);
    assert.is(change.action, 'blocked');
    assert.match(change.reason ?? '', reason);
  });

const TITLES = 'Cluster\tMember\tHost\tRole\tState\tTL\tLag in MB\tPending restart\n';
const LIST = `${TITLES}c\tdb1\ta\tLeader\trunning\t1\t\t\nc\tdb2\tb\tReplica\trunning\t1\t0\t\n`;
const MEMBERS = [
  { name: 'db1', role: 'leader', state: 'running', timeline: 1 },
  { name: 'db2', role: 'replica', state: 'running', timeline: 1, pending_restart: true, lag: 0 },
];

for (const streams of [true, false])
  test(`a replica that ${streams ? 'streams' : 'does not stream'} after its restart ${streams ? 'passes' : 'stops everything'}`, async ({
    machine,
    servers,
  }) => {
    const replication = streams ? [{ application_name: 'db2', state: 'streaming' }] : [];
    const port = await servePatroni(servers, { members: MEMBERS, replication });
    machine.write('patronictl.restart', 'Success: restart on member db2');
    machine.write('patronictl.list', LIST);
    const args = { members: 'db', cluster: 'c', port, timeout: '1s' };
    const { before, results } = apply(machine, patroniRollingRestart, args);
    assert.is(before.action, 'run', before.reason);
    assert.equal(
      results.map((r) => r.status),
      streams ? [0, 0] : [1],
      results.map((r) => r.stderr).join('\n'),
    );
    assert.ok(machine.calls().some((call) => call.endsWith('restart --force --role replica c db2')));
    if (!streams) assert.match(results[0]?.stderr ?? '', /db2 is not a running and streaming replica/);
  });

test.run();
