import { suite } from 'uvu';
import { type UserInfo, userFact } from '../../src/facts/user.ts';
import { user } from '../../src/resources/user.ts';
import { ACCOUNT_FILES } from './account-files.ts';
import { expectCalls, type OnMachine, useMachine } from './calls.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<OnMachine>('user');
useMachine(test);

const INFO: UserInfo = {
  uid: 7,
  gid: 1,
  home: '/home/b',
  shell: '/bin/bash',
  group: 'dba',
  groups: ['dba', 'adm'],
};
const NONE = facts([userFact('b'), ABSENT]);
const THERE = facts([userFact('b'), value(INFO)]);
const CLOSED = facts([userFact('b'), unreadable('getent gave no answer')]);

const CASES: readonly Case[] = [
  {
    title: 'one that is missing is made with all that is declared, and what it touches is said',
    args: { name: 'b', uid: 90, group: 'dba', groups: ['ssl', 'adm'], home: '/srv/b', shell: '/bin/sh' },
    facts: NONE,
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'state', after: 'present' },
        { field: 'uid', after: 90 },
        { field: 'group', after: 'dba' },
        { field: 'home', after: '/srv/b' },
        { field: 'shell', after: '/bin/sh' },
        { field: 'groups', after: ['adm', 'ssl'] },
      ],
    },
    commands: [{ script: 'useradd -m -u 90 -g dba -d /srv/b -s /bin/sh -G ssl,adm b' }],
    touches: [
      ...['b', 'dba', 'ssl', 'adm'].map((name) => ({ on: 'account', name }) as const),
      { on: 'path', path: '/srv/b' },
      { on: 'path', path: '/var/mail' },
      ...ACCOUNT_FILES,
    ],
    registered: { name: 'b' },
  },
  {
    title: 'one with its name alone is made with a home',
    args: { name: 'b' },
    facts: NONE,
    change: { action: 'create', risk: 'changes', fields: [{ field: 'state', after: 'present' }] },
    commands: [{ script: 'useradd -m b', display: 'useradd -m b' }],
    touches: [
      { on: 'account', name: 'b' },
      { on: 'path', path: '/home/b' },
      { on: 'path', path: '/var/mail' },
      ...ACCOUNT_FILES,
    ],
  },
  { title: 'one that is there is left alone', args: { name: 'b' }, facts: THERE, change: NOTHING },
  {
    title: 'what is the same is no change, whatever else it is in',
    args: {
      name: 'b',
      uid: 7,
      group: 'dba',
      groups: ['adm'],
      home: '/home/b',
      shell: '/bin/bash',
      system: true,
      create_home: false,
    },
    facts: THERE,
    change: NOTHING,
  },
  {
    title: 'number, group and shell are set where they differ, and nothing else',
    args: { name: 'b', uid: 8, group: 'ssl', home: '/home/b', shell: '/bin/sh' },
    facts: THERE,
    change: {
      action: 'update',
      risk: 'changes',
      fields: [
        { field: 'uid', before: 7, after: 8 },
        { field: 'group', before: 'dba', after: 'ssl' },
        { field: 'shell', before: '/bin/bash', after: '/bin/sh' },
      ],
    },
    commands: [{ script: 'usermod -u 8 -g ssl -s /bin/sh b' }],
  },
  {
    title: 'a group that it lacks is added to those that it has',
    args: { name: 'b', groups: ['ssl', 'adm'] },
    facts: THERE,
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'groups', before: ['adm', 'dba'], after: ['adm', 'dba', 'ssl'] }],
    },
    commands: [{ script: 'usermod -aG ssl,adm b' }],
  },
  {
    title: 'one that is not wanted is removed, and its files stay',
    args: { name: 'b', state: 'absent' },
    facts: THERE,
    change: {
      action: 'delete',
      risk: 'changes',
      fields: [{ field: 'state', before: 'present', after: 'absent' }],
    },
    commands: [{ script: 'userdel b' }],
  },
  {
    title: 'one that is neither there nor wanted needs nothing',
    args: { name: 'b', state: 'absent' },
    facts: NONE,
    change: NOTHING,
  },
  {
    title: 'accounts that cannot be looked at are not taken for missing',
    args: { name: 'b' },
    facts: CLOSED,
    change: refusal(/^getent gave no answer$/),
  },
  {
    title: 'accounts that cannot be looked at are not taken for removed',
    args: { name: 'b', state: 'absent' },
    facts: CLOSED,
    change: refusal(/^getent gave no answer$/),
  },
  {
    title: 'a home with an odd name is one word',
    args: { name: 'b', home: "/srv/it's $(id)" },
    facts: THERE,
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'home', before: '/home/b', after: "/srv/it's $(id)" }],
    },
    commands: [{ script: "usermod -d '/srv/it'\\''s $(id)' b" }],
  },
];

expectCases(test, user, CASES);

expectRefusedArgs(
  test,
  user,
  ['', '-r', 'a b', 'a:b', 'a\n', '$(id)', "a'b", '7', 'grüße', 'n'.repeat(33)].flatMap((odd) => [
    { name: odd },
    { name: 'b', group: odd },
    { name: 'b', groups: [odd] },
  ]),
);
expectRefusedArgs(test, user, [
  {},
  { name: 'b', uid: 0 },
  { name: 'b', home: 'relative' },
  { name: 'b', shell: '/bin/../sh' },
  { name: 'b', groups: ['x', 'x'] },
  { name: 'b', password: 'hush' },
]);

expectCalls(test, user, [
  {
    title: 'a system user is made with all it needs',
    args: {
      name: 'b',
      system: true,
      group: 'dba',
      groups: ['ssl'],
      home: '/srv/b',
      create_home: false,
      shell: '/bin/sh',
      uid: 90,
    },
    state: { group: 'dba:x:1:\nssl:x:2:\n' },
    calls: ['useradd -r -M -u 90 -g dba -d /srv/b -s /bin/sh -G ssl b'],
  },
  {
    title: 'of a user only what differs is changed, and no group is left',
    args: { name: 'b', groups: ['ssl'], home: '/srv/b', shell: '/bin/bash' },
    state: { group: 'dba:x:1:\nssl:x:2:\n', passwd: 'b:x:7:1::/home/b:/bin/bash\n', members: 'b:adm\n' },
    calls: ['usermod -d /srv/b -aG ssl b'],
  },
]);

test.run();
