import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { patroniFact } from '../../src/facts/patroni.ts';
import { patroniRestart } from '../../src/resources/patroni-restart.ts';
import { viewOf } from '../facts/patroni-server.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { expectPatronictl, LIST, PENDING, usePatroni, type WithPatroni } from './patronictl-cases.ts';
import { apply, SH } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<WithPatroni>('patroni_restart');
usePatroni(test);

const ARGS = { cluster: 'c', member: 'db1' };
const SEEN = facts([patroniFact(), value(viewOf(false))]);
const RESTART = {
  action: 'run',
  risk: 'interrupts',
  fields: [],
  reason: /^restarts PostgreSQL on db1 \(leader\)$/,
} as const;

const CASES: readonly Case[] = [
  {
    title: 'it restarts every time, says whom, and may touch anything',
    args: ARGS,
    facts: SEEN,
    change: RESTART,
    commands: [
      {
        display: 'patronictl restart --force c db1',
        script:
          /patronictl -c \/etc\/patroni\/config\.yml "\$@" <\/dev\/null; \}\nsaid=\$\(ctl restart --force c db1 2>&1\)/,
        timeoutMs: 840_000,
      },
    ],
    touches: [{ on: 'anything' }, { on: 'cluster', name: 'patroni' }],
  },
  {
    title: 'configuration, port and time are those given',
    args: { ...ARGS, config: '/etc/p q.yml', port: 8009, timeout: '5s' },
    facts: facts([patroniFact(8009), value(viewOf(false))]),
    change: RESTART,
    commands: [{ script: /patronictl -c '\/etc\/p q\.yml' /, timeoutMs: 610_000 }],
  },
  {
    title: 'none is pending: nothing to do',
    args: { ...ARGS, pending: true },
    facts: SEEN,
    change: NOTHING,
    registered: { status: null, stdout: '', stderr: '', stdout_lines: [] },
  },
  {
    title: 'one is pending: it is done',
    args: { ...ARGS, pending: true },
    facts: facts([patroniFact(), value(viewOf(true))]),
    change: RESTART,
    commands: [{ display: 'patronictl restart --force c db1' }],
  },
  {
    title: 'no Patroni answers: it is not restarted, and who is silent is said',
    args: { ...ARGS, pending: true },
    facts: facts([patroniFact(), ABSENT]),
    change: refusal(/^no Patroni answers on h1: start it instead$/),
  },
  {
    title: 'a Patroni that cannot be understood is not taken for one without a pending restart',
    args: { ...ARGS, pending: true },
    facts: facts([patroniFact(), unreadable('HTTP status 404')]),
    change: refusal(/^HTTP status 404$/),
  },
  {
    title: 'odd names are one word each',
    args: { cluster: 'c $(id)', member: "it's" },
    facts: SEEN,
    change: { ...RESTART, reason: /^restarts PostgreSQL on it's \(leader\)$/ },
    commands: [{ script: /\(ctl restart --force 'c \$\(id\)' 'it'\\''s' 2>&1\)/ }],
  },
];

expectCases(test, patroniRestart, CASES);

expectRefusedArgs(test, patroniRestart, [
  { cluster: 'c' },
  { member: 'db1' },
  { ...ARGS, port: 0 },
  { ...ARGS, port: 65_536 },
  { ...ARGS, config: 'config.yml' },
  { ...ARGS, timeout: 'soon' },
]);

expectPatronictl(test, patroniRestart, [
  {
    title: 'a restart that succeeds',
    args: { member: 'db1' },
    says: { restart: 'Success: restart on member db1', list: LIST },
    status: 0,
  },
  {
    title: 'a restart that Patroni refuses, with exit status 0',
    args: { member: 'db1' },
    says: { restart: 'Failed: restart for member db1, status code=503', list: LIST },
    status: 1,
    stderr: /did not say "Success: restart on member db1": it was refused/,
  },
  {
    title: 'a restart after which it is still pending',
    args: { member: 'db1' },
    says: { restart: 'Success: restart on member db1', list: PENDING },
    status: 1,
    stderr: /still not as wanted: db1: Leader running, restart pending/,
  },
]);

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
