import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FactRequest, Looked } from '../../src/core/fact.ts';
import { patroniFact } from '../../src/facts/patroni.ts';
import type { PatroniView } from '../../src/facts/patroni-view.ts';
import { placeFact } from '../../src/facts/place.ts';
import { portFact } from '../../src/facts/port.ts';
import { unitFact } from '../../src/facts/unit.ts';
import { waitFor } from '../../src/resources/wait-for.ts';
import { viewOf } from '../facts/patroni-server.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING } from './cases.ts';
import { HEALTHY } from './patroni-views.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite('wait_for');

/** Nothing is there yet: it waits, and asks for `probe` meanwhile. */
function waits(title: string, args: object, probe: FactRequest, wish: string, more: object = {}): Case {
  return {
    title,
    args,
    facts: facts([probe, ABSENT]),
    change: { action: 'run', risk: 'reads', fields: [], reason: new RegExp(`^waits for ${wish}$`) },
    commands: [
      {
        kind: 'await',
        probe: [probe],
        everyMs: 1000,
        withinMs: 300_000,
        display: new RegExp(`^wait for ${wish}$`),
        ...more,
      },
    ],
    touches: [],
  };
}

expectCases(test, waitFor, [
  waits('a port', { port: 2379 }, portFact('127.0.0.1', 2379), '127\\.0\\.0\\.1:2379 to be open'),
  waits(
    'a port of another host, as often and as long as said',
    { host: 'db2', port: 1, every: '200ms', timeout: 5 },
    portFact('db2', 1),
    'db2:1 to be open',
    { everyMs: 200, withinMs: 5000 },
  ),
  waits(
    'a path with an odd name',
    { path: "/a/-it's $(id)" },
    placeFact("/a/-it's $(id)"),
    "/a/-it's \\$\\(id\\) to exist",
  ),
  waits('a unit', { unit: 'etcd' }, unitFact('etcd.service'), 'etcd\\.service to be active'),
  waits('a unit with its suffix', { unit: 'a.timer' }, unitFact('a.timer'), 'a\\.timer to be active'),
  waits('Patroni', { patroni: {} }, patroniFact(), 'Patroni to be running'),
  waits(
    'Patroni in a role, on a port, with members',
    { patroni: { role: 'leader', members: 3, port: 8009 } },
    patroniFact(8009),
    'Patroni to be running as leader, with 3 members on its timeline',
  ),
  {
    title: 'what is there already is not waited for',
    args: { path: '/a' },
    facts: facts([placeFact('/a'), value({ type: 'file' })]),
    change: NOTHING,
    touches: [],
    registered: { seen: '/a is a file', waited_ms: 0 },
  },
  {
    title: 'what cannot be looked at is waited for, and not taken for there',
    args: { path: '/a' },
    facts: facts([placeFact('/a'), unreadable('Permission denied')]),
    change: { action: 'run', risk: 'reads', fields: [], reason: /^waits for \/a to exist$/ },
    commands: [{ kind: 'await' }],
  },
]);

expectRefusedArgs(test, waitFor, [
  {},
  { host: 'db1' },
  { port: 1, path: '/a' },
  { port: 0 },
  { port: 65_536 },
  { path: 'a' },
  { patroni: { role: 'master' } },
  { patroni: { members: 0 } },
  { patroni: { leader: 'db1' } },
  { port: 1, timeout: 'long' },
  { url: 'ftp://x' },
  { url: 'http://x', port: 1 },
  { port: 1, status: 200 },
  { path: '/a', body: 'x' },
]);

const UNIT = { load: 'loaded', sub: 'running', file: 'enabled', needsReload: false, mainPid: 1 };
const PORT = { port: 2379 };

const MET: readonly (readonly [object, FactRequest, Looked<unknown>, boolean, string])[] = [
  [PORT, portFact('127.0.0.1', 2379), value({ open: true, reason: '' }), true, '127.0.0.1:2379 is open'],
  [
    { ...PORT, host: 'db2' },
    portFact('db2', 2379),
    value({ open: false, reason: 'Connection refused' }),
    false,
    'db2:2379 is closed (Connection refused)',
  ],
  [PORT, portFact('127.0.0.1', 2379), unreadable('no bash'), false, 'no bash'],
  [{ path: '/a' }, placeFact('/a'), value({ type: 'directory' }), true, '/a is a directory'],
  [{ path: '/a' }, placeFact('/a'), ABSENT, false, '/a is not there'],
  [{ path: '/a' }, placeFact('/a'), unreadable('Permission denied'), false, 'Permission denied'],
  [
    { unit: 'etcd' },
    unitFact('etcd.service'),
    value({ ...UNIT, active: 'active' }),
    true,
    'etcd.service is active (running)',
  ],
  [
    { unit: 'etcd' },
    unitFact('etcd.service'),
    value({ ...UNIT, active: 'activating', sub: 'start' }),
    false,
    'etcd.service is activating (start)',
  ],
  [{ unit: 'etcd' }, unitFact('etcd.service'), ABSENT, false, 'etcd.service is not there'],
  [{ patroni: {} }, patroniFact(), ABSENT, false, 'Patroni is not there'],
  [{ patroni: {} }, patroniFact(), unreadable('HTTP status 404'), false, 'HTTP status 404'],
];

for (const [args, request, looked, met, seen] of MET)
  test(`waiting for ${JSON.stringify(args)} is ${met ? '' : 'not '}over when ${seen}`, () => {
    const view = viewOfMembers({ h1: facts([request, looked]) });
    assert.equal(waitFor.met?.(args, view), { met, seen });
    assert.is(waitFor.diff(args, view).action, met ? 'none' : 'run');
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

test('what was seen last, and for how long, is registered', () => {
  const output = { status: 0, stdout: '/a is a file', stderr: '', truncated: false, durationMs: 1500 };
  const args = { path: '/a' };
  const view = viewOfMembers({ h1: facts([placeFact('/a'), ABSENT]) });
  const registered = waitFor.registered(args, waitFor.diff(args, view), [output], view);
  assert.equal(registered, { seen: '/a is a file', waited_ms: 1500 });
});

test.run();
