import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { patroniFact } from '../../src/facts/patroni.ts';
import type { PatroniView } from '../../src/facts/patroni-view.ts';
import { patroniFacts } from '../../src/resources/patroni-facts.ts';
import { viewOf } from '../facts/patroni-server.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING } from './cases.ts';
import { HEALTHY, STALE } from './patroni-views.ts';
import { schemaProblem } from './schema-check.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite('patroni_facts');

const NOTHING_KNOWN = {
  leader: '',
  leaders: [],
  timeline: null,
  scope: '',
  system_identifier: '',
  healthy: false,
  paused: false,
  members: [],
  silent: [],
  unseen: [],
  disagreement: [],
  unsettled: [],
};

function member(name: string, role: string, lag: number | null, host: string) {
  return { name, role, state: 'running', timeline: 4, lag, host, pending_restart: false };
}

const CASES: readonly Case[] = [
  {
    title: 'what Patroni says is registered, and nothing is done',
    args: { members: 'db' },
    facts: facts([patroniFact(), value(HEALTHY)]),
    change: NOTHING,
    touches: [],
    registered: {
      ...NOTHING_KNOWN,
      leader: 'db1',
      leaders: ['h1'],
      timeline: 4,
      scope: 'fanatico-l1-cluster',
      system_identifier: '7397708120470393282',
      healthy: true,
      members: [
        member('db1', 'leader', null, '10.0.0.1'),
        member('db2', 'replica', 0, '10.0.0.2'),
        member('db3', 'replica', null, '10.0.0.3'),
      ],
    },
  },
  {
    title: 'a silent Patroni stops nothing, and is named',
    args: { members: 'db', port: 8009 },
    facts: facts([patroniFact(8009), ABSENT]),
    change: NOTHING,
    registered: { ...NOTHING_KNOWN, silent: ['h1'] },
  },
  {
    title: 'one that has lost its DCS tells what was; that is not what is',
    args: { members: 'db' },
    facts: facts([patroniFact(), value({ ...HEALTHY, dcsAge: 90 })]),
    change: NOTHING,
    registered: {
      ...NOTHING_KNOWN,
      leaders: ['h1'],
      scope: 'fanatico-l1-cluster',
      system_identifier: '7397708120470393282',
      unseen: ['h1: its Patroni last reached etcd 90 s ago, so that what it says of the cluster is old'],
    },
  },
  {
    title: 'one that cannot be asked stops nothing, is named, and is not taken for silent',
    args: { members: 'db' },
    facts: facts([patroniFact(), unreadable('HTTP status 404')]),
    change: NOTHING,
    registered: { ...NOTHING_KNOWN, unseen: ['h1: HTTP status 404'] },
  },
];

expectCases(test, patroniFacts, CASES);

expectRefusedArgs(test, patroniFacts, [{}, { members: ['db1'] }, { members: 'db', port: 0 }]);

function judged(...views: readonly Looked<PatroniView>[]) {
  const members = views.map((looked, index) => [`h${index + 1}`, facts([patroniFact(), looked])]);
  const view = viewOfMembers(Object.fromEntries(members));
  const registered = patroniFacts.registered(
    { members: 'db' },
    patroniFacts.diff({ members: 'db' }, view),
    [],
    view,
  );
  assert.is(schemaProblem(patroniFacts.result, registered), undefined);
  return registered;
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

const OTHERS: readonly (readonly [string, Partial<PatroniView>, string])[] = [
  [
    'another system identifier',
    { systemIdentifier: '1' },
    'the system identifier: h1 says 7397708120470393282, h2 says 1',
  ],
  ['another scope', { scope: 'x' }, 'the scope: h1 says fanatico-l1-cluster, h2 says x'],
  [
    'another timeline',
    { members: HEALTHY.members.map((m) => ({ ...m, timeline: 5 })) },
    "the leader's timeline: h1 says 4, h2 says 5",
  ],
];

for (const [title, other, sentence] of OTHERS)
  test(`one that sees ${title} disagrees`, () => {
    const { healthy, disagreement } = judged(value(HEALTHY), value({ ...HEALTHY, ...other }));
    assert.equal([healthy, disagreement], [false, [sentence]]);
  });

test('one that has not heard of a new member yet does not disagree, and nothing is healthy until it has', () => {
  const two = { ...HEALTHY, members: HEALTHY.members.slice(0, 2) };
  const { healthy, leader, disagreement, unsettled, members } = judged(
    value(two),
    value(HEALTHY),
    value(HEALTHY),
  );
  assert.equal([healthy, leader, disagreement], [false, 'db1', []]);
  assert.equal(
    members.map(({ name }) => name),
    ['db1', 'db2', 'db3'],
  );
  assert.equal(unsettled, ['the members: h1 says db1 db2, h2 says db1 db2 db3, h3 says db1 db2 db3']);
});

/** As the one of that name sees it, which leads or does not. */
function seenBy(name: string, leader: string, own: Partial<PatroniView> = {}): Looked<PatroniView> {
  const members = HEALTHY.members.map((m) => ({ ...m, role: m.name === leader ? 'leader' : 'replica' }));
  return value({ ...HEALTHY, role: name === leader ? 'leader' : 'replica', members, ...own });
}

test('two that lead are two leaders, though each sees but one', () => {
  const { leader, leaders, disagreement, healthy } = judged(
    seenBy('db1', 'db1'),
    seenBy('db2', 'db2'),
    seenBy('db3', 'db2'),
  );
  assert.equal([leader, leaders, healthy], ['', ['h1', 'h2'], false]);
  assert.equal(disagreement, ['the leader: h1 says db1, h2 says db2, h3 says db2']);
});

test('two that take writes are two leaders, though all see the same one, and though one has lost the DCS', () => {
  const alike = judged(seenBy('db1', 'db1'), seenBy('db2', 'db1', { role: 'leader' }));
  assert.equal([alike.leader, alike.leaders, alike.disagreement], ['db1', ['h1', 'h2'], []]);
  const cutOff = judged(seenBy('db1', 'db1', { dcsAge: 600 }), seenBy('db2', 'db2'), seenBy('db3', 'db2'));
  assert.equal([cutOff.leader, cutOff.leaders], ['db2', ['h1', 'h2']]);
});

test('one that was elected and is not promoted yet, or whose PostgreSQL does not run, takes no writes', () => {
  const { leader, leaders } = judged(seenBy('db1', 'db1', { role: 'replica' }), seenBy('db2', 'db1'));
  assert.equal([leader, leaders], ['db1', []]);
  assert.equal(judged(seenBy('db1', 'db1', { state: 'stopping' })).leaders, []);
});

test('one that does not know yet does not disagree', () => {
  const { disagreement } = judged(value({ ...HEALTHY, scope: '', systemIdentifier: '' }), value(HEALTHY));
  assert.equal(disagreement, []);
});

test.run();
