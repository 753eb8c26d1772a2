import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { patroniFact } from '../../src/facts/patroni.ts';
import { patroniSwitchover } from '../../src/resources/patroni-switchover.ts';
import { viewOf } from '../facts/patroni-server.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { HEALTHY } from './patroni-views.ts';
import { expectPatronictl, LIST, SWITCHED, usePatroni, type WithPatroni } from './patronictl-cases.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<WithPatroni>('patroni_switchover');
usePatroni(test);

const ARGS = { cluster: 'c', candidate: 'db2' };
const SEEN = facts([patroniFact(), value(HEALTHY)]);
const SWITCH = {
  action: 'run',
  risk: 'interrupts',
  fields: [{ field: 'leader', before: 'db1', after: 'db2' }],
} as const;

const CASES: readonly Case[] = [
  {
    title: 'a running replica is made the leader in the place of the one that leads',
    args: ARGS,
    facts: SEEN,
    change: SWITCH,
    commands: [
      {
        display: 'patronictl switchover --leader db1 --candidate db2 --force c',
        script: /said=\$\(ctl switchover --leader db1 --candidate db2 --force c 2>&1\)/,
        timeoutMs: 360_000,
      },
    ],
    touches: [{ on: 'anything' }, { on: 'cluster', name: 'patroni' }],
  },
  {
    title: 'the leader that is expected is handed over from, through the configuration and port given',
    args: { ...ARGS, leader: 'db1', config: '/etc/p q.yml', port: 8009, timeout: 10 },
    facts: facts([patroniFact(8009), value(HEALTHY)]),
    change: SWITCH,
    commands: [{ script: /patronictl -c '\/etc\/p q\.yml' /, timeoutMs: 140_000 }],
  },
  {
    title: 'a replica that streams runs',
    args: ARGS,
    facts: facts([
      patroniFact(),
      value({
        ...HEALTHY,
        members: HEALTHY.members.map((m) => (m.role === 'replica' ? { ...m, state: 'streaming' } : m)),
      }),
    ]),
    change: SWITCH,
    commands: [{}],
  },
  {
    title: 'one that leads already is left to it, whoever else was expected',
    args: { ...ARGS, candidate: 'db1', leader: 'db2' },
    facts: SEEN,
    change: NOTHING,
    registered: { status: null, stdout: '', stderr: '', stdout_lines: [] },
  },
  {
    title: 'where nobody leads there is nothing to hand over',
    args: ARGS,
    facts: facts([
      patroniFact(),
      value({ ...HEALTHY, members: HEALTHY.members.map((m) => ({ ...m, role: 'replica' })) }),
    ]),
    change: refusal(/^nobody leads: there is nothing to hand over$/),
  },
  {
    title: 'where no Patroni answers nothing is done',
    args: ARGS,
    facts: facts([patroniFact(), ABSENT]),
    change: refusal(/^no Patroni answers on h1$/),
  },
  {
    title: 'a Patroni that cannot be understood is not acted upon',
    args: ARGS,
    facts: facts([patroniFact(), unreadable('HTTP status 404')]),
    change: refusal(/^HTTP status 404$/),
  },
  {
    title: 'odd names are one word each',
    args: { cluster: "it's", candidate: 'x $(id)' },
    facts: facts([
      patroniFact(),
      value({
        ...HEALTHY,
        members: HEALTHY.members.map((m) => (m.name === 'db2' ? { ...m, name: 'x $(id)' } : m)),
      }),
    ]),
    change: { ...SWITCH, fields: [{ field: 'leader', before: 'db1', after: 'x $(id)' }] },
    commands: [{ script: /--candidate 'x \$\(id\)' --force 'it'\\''s' 2>&1\)/ }],
  },
];

expectCases(test, patroniSwitchover, CASES);

expectRefusedArgs(test, patroniSwitchover, [
  { cluster: 'c' },
  { candidate: 'db2' },
  { ...ARGS, port: '8008' },
  { ...ARGS, member: 'db2' },
]);

expectPatronictl(test, patroniSwitchover, [
  {
    title: 'a switchover that succeeds',
    args: { candidate: 'db2' },
    says: { switchover: '2026 Successfully switched over to "db2"', list: SWITCHED },
    status: 0,
  },
  {
    title: 'a switchover that Patroni refuses, with exit status 0',
    args: { candidate: 'db2' },
    says: { switchover: 'Switchover failed, details: 503, Switchover failed', list: SWITCHED },
    status: 1,
    stderr: /it was refused/,
  },
  {
    title: 'a switchover after which the old leader leads',
    args: { candidate: 'db2' },
    says: { switchover: '2026 Successfully switched over to "db2"', list: LIST },
    status: 1,
    stderr: /still not as wanted: db2: Replica running/,
  },
]);

const JUDGED: readonly (readonly [string, object, string, RegExp])[] = [
  ['the leader needs no switchover', { candidate: 'db1' }, 'none', /^$/],
  ['a stranger cannot lead', { candidate: 'x' }, 'blocked', /expected x to be a member, found db1, db2/],
  ['one that does not run cannot lead', { candidate: 'db3' }, 'blocked', /found it start failed/],
  ['another leader than expected', { candidate: 'db2', leader: 'db3' }, 'blocked', /found db1/],
];

for (const [title, args, action, reason] of JUDGED)
  test(title, () => {
    const view = viewOfMembers({ h1: facts([patroniFact(), value(viewOf(false))]) });
    const change = patroniSwitchover.diff({ cluster: 'c', candidate: '', ...args }, view);
    assert.is(change.action, action);
    assert.match(change.reason ?? '', reason);
  });

test.run();
