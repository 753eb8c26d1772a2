import { suite } from 'uvu';
import { groupFact } from '../../src/facts/group.ts';
import { group } from '../../src/resources/group.ts';
import { ACCOUNT_FILES } from './account-files.ts';
import { expectCalls, type OnMachine, useMachine } from './calls.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<OnMachine>('group');
useMachine(test);

const NONE = facts([groupFact('dba'), ABSENT]);
const THERE = facts([groupFact('dba'), value({ gid: 7, members: ['x'] })]);

const CASES: readonly Case[] = [
  {
    title: 'one that is missing is made, and what it touches is said',
    args: { name: 'dba', gid: 444, system: true },
    facts: NONE,
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'state', after: 'present' },
        { field: 'gid', after: 444 },
      ],
    },
    commands: [{ script: 'groupadd -r -g 444 dba', display: 'groupadd -r -g 444 dba' }],
    touches: [{ on: 'account', name: 'dba' }, ...ACCOUNT_FILES],
    registered: { name: 'dba' },
  },
  {
    title: 'one whose number the host may choose is made without one',
    args: { name: 'dba' },
    facts: NONE,
    change: { action: 'create', risk: 'changes', fields: [{ field: 'state', after: 'present' }] },
    commands: [{ script: 'groupadd dba' }],
  },
  { title: 'one that is there is left alone', args: { name: 'dba' }, facts: THERE, change: NOTHING },
  { title: 'the same number is no change', args: { name: 'dba', gid: 7 }, facts: THERE, change: NOTHING },
  {
    title: 'a group that is there is not made a system group: that counts only when it is made',
    args: { name: 'dba', gid: 7, system: true },
    facts: THERE,
    change: NOTHING,
  },
  {
    title: 'another number is set',
    args: { name: 'dba', gid: 8 },
    facts: THERE,
    change: { action: 'update', risk: 'changes', fields: [{ field: 'gid', before: 7, after: 8 }] },
    commands: [{ script: 'groupmod -g 8 dba' }],
  },
  {
    title: 'one that is not wanted is removed',
    args: { name: 'dba', state: 'absent' },
    facts: THERE,
    change: {
      action: 'delete',
      risk: 'changes',
      fields: [{ field: 'state', before: 'present', after: 'absent' }],
    },
    commands: [{ script: 'groupdel dba' }],
  },
  {
    title: 'one that is neither there nor wanted needs nothing',
    args: { name: 'dba', state: 'absent' },
    facts: NONE,
    change: NOTHING,
  },
  {
    title: 'groups that cannot be looked at are not taken for missing',
    args: { name: 'dba' },
    facts: facts([groupFact('dba'), unreadable('getent gave no answer')]),
    change: refusal(/^getent gave no answer$/),
  },
  {
    title: 'groups that cannot be looked at are not taken for removed',
    args: { name: 'dba', state: 'absent' },
    facts: facts([groupFact('dba'), unreadable('getent gave no answer')]),
    change: refusal(/^getent gave no answer$/),
  },
];

expectCases(test, group, CASES);

expectRefusedArgs(
  test,
  group,
  ['', '-r', 'a b', 'a:b', 'a\n', '$(id)', "a'b", '7', 'grüße', 'a/b', 'n'.repeat(33)].map((name) => ({
    name,
  })),
);
expectRefusedArgs(test, group, [
  {},
  { name: 'dba', gid: 0 },
  { name: 'dba', gid: '7' },
  { name: 'dba', state: 'gone' },
]);

expectCalls(test, group, [
  {
    title: 'a system group is made',
    args: { name: 'dba', system: true },
    state: {},
    calls: ['groupadd -r dba'],
  },
]);

test.run();
