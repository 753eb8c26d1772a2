import { suite } from 'uvu';
import { patroniFact } from '../../src/facts/patroni.ts';
import { patroniReinit } from '../../src/resources/patroni-reinit.ts';
import { type Case, expectCases, expectRefusedArgs, refusal } from './cases.ts';
import { HEALTHY } from './patroni-views.ts';
import { expectPatronictl, LIST, usePatroni, type WithPatroni } from './patronictl-cases.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<WithPatroni>('patroni_reinit');
usePatroni(test);

const ARGS = { cluster: 'c', member: 'db2' };
const SEEN = facts([patroniFact(), value(HEALTHY)]);
const REINIT = {
  action: 'run',
  risk: 'destroys',
  fields: [],
  reason: /^removes the data of db2 and clones it from db1$/,
} as const;
const leaderless = {
  ...HEALTHY,
  members: HEALTHY.members.map((member) => ({ ...member, role: 'replica' })),
};

const CASES: readonly Case[] = [
  {
    title: 'it clones every time, says from whom, and waits for the end',
    args: ARGS,
    facts: SEEN,
    change: REINIT,
    commands: [
      {
        display: 'patronictl reinit --force --wait c db2',
        script: /said=\$\(ctl reinit --force --wait c db2 2>&1\)/,
        timeoutMs: 7_320_000,
      },
    ],
    touches: [{ on: 'anything' }, { on: 'cluster', name: 'patroni' }],
  },
  {
    title: 'how long cloning may take is what is given',
    args: { ...ARGS, timeout: '10m' },
    facts: SEEN,
    change: REINIT,
    commands: [{ timeoutMs: 720_000 }],
  },
  {
    title: 'the leader is not cloned from itself',
    args: { ...ARGS, member: 'db1' },
    facts: SEEN,
    change: refusal(/^db1 leads: its data is what the others are cloned from$/),
  },
  {
    title: 'without a leader nothing is removed',
    args: ARGS,
    facts: facts([patroniFact(), value(leaderless)]),
    change: refusal(/^nobody leads: there is nothing to clone from$/),
  },
  {
    title: 'one whose Patroni does not run cannot be told to',
    args: { ...ARGS, member: 'db9' },
    facts: SEEN,
    change: refusal(/^expected db9 to be a member, found db1, db2, db3: start its Patroni first$/),
  },
  {
    title: 'no Patroni answers',
    args: ARGS,
    facts: facts([patroniFact(), ABSENT]),
    change: refusal(/^no Patroni answers on h1$/),
  },
  {
    title: 'a Patroni that cannot be understood is not believed',
    args: ARGS,
    facts: facts([patroniFact(), unreadable('HTTP status 404')]),
    change: refusal(/^HTTP status 404$/),
  },
];

expectCases(test, patroniReinit, CASES);
expectRefusedArgs(test, patroniReinit, [{ cluster: 'c' }, { member: 'db1' }, { ...ARGS, timeout: 'soon' }]);

expectPatronictl(
  test,
  patroniReinit,
  [
    {
      title: 'a clone that succeeds',
      args: { member: 'db2' },
      says: { reinit: 'Success: reinitialize for member db2\nReinitialize is completed on: db2', list: LIST },
      status: 0,
    },
    {
      title: 'one that Patroni refuses, with exit status 0',
      args: { member: 'db2' },
      says: {
        reinit: 'Failed: reinitialize for member db2, status code=503, (Cluster has no leader)',
        list: LIST,
      },
      status: 1,
      stderr: /did not say "Success: reinitialize for member db2": it was refused/,
    },
  ],
  'destroys',
);

test.run();
