// When wait_for is content with a Patroni, and what it says meanwhile.
import * as assert from 'node:assert/strict';
import { suite } from 'uvu';
import type { PatroniMember, PatroniView } from '../../src/facts/patroni-view.ts';
import { type PatroniWish, patroniMet } from '../../src/resources/parts/patroni-wish.ts';

const test = suite('patroni wish');

function member(name: string, role: string, timeline: number | null, state = 'running'): PatroniMember {
  return { name, role, state, timeline, lag: null, host: name, pendingRestart: false };
}

function seenBy(role: string, state: string, ...members: PatroniMember[]): PatroniView {
  const rest = {
    timeline: 1,
    pendingRestart: false,
    scope: 's',
    systemIdentifier: '',
    dcsAge: null,
    paused: false,
  };
  return { role, state, ...rest, members };
}

const LEADER = member('db1', 'leader', 2);
const REPLICA = member('db2', 'replica', 2);

const cases: readonly [string, PatroniWish, PatroniView, boolean, RegExp][] = [
  ['a leader leads', { role: 'leader' }, seenBy('leader', 'running', LEADER), true, /leader=db1/],
  ['a replica follows', {}, seenBy('replica', 'running', LEADER, REPLICA), true, /role=replica/],
  [
    'a replica does not lead',
    { role: 'leader' },
    seenBy('replica', 'running', LEADER, REPLICA),
    false,
    /want leader/,
  ],
  ['nobody leads', {}, seenBy('replica', 'running', REPLICA), false, /leader=none/],
  [
    'the leader does not run',
    {},
    seenBy('replica', 'running', member('db1', 'leader', 2, 'stopped'), REPLICA),
    false,
    /leader=db1/,
  ],
  [
    'one is on an old timeline',
    {},
    seenBy('replica', 'running', LEADER, member('db2', 'replica', 1)),
    false,
    /not on its timeline: db2/,
  ],
  [
    'one does not know its timeline yet',
    {},
    seenBy('replica', 'running', LEADER, member('db2', 'replica', null)),
    false,
    /not on its timeline: db2/,
  ],
  [
    'another is down',
    {},
    seenBy('leader', 'running', LEADER, member('db3', 'replica', null, 'stopped')),
    true,
    /leader=db1/,
  ],
  [
    'this one still clones',
    {},
    seenBy('uninitialized', 'creating replica', LEADER),
    false,
    /creating replica/,
  ],
  ['too few run', { members: 3 }, seenBy('leader', 'running', LEADER, REPLICA), false, /running=2 of 3/],
  ['enough run', { members: 2 }, seenBy('leader', 'running', LEADER, REPLICA), true, /running=2 of 2/],
];

for (const [title, wish, view, met, seen] of cases)
  test(title, () => {
    const judged = patroniMet(wish, view);
    assert.equal(judged.met, met, judged.seen);
    assert.match(judged.seen, seen);
  });

test.run();
