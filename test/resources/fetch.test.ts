import { suite } from 'uvu';
import { pathFact } from '../../src/facts/path.ts';
import { fetch } from '../../src/resources/fetch.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite('fetch');

const ARGS = { src: '/etc/f', dest: 'kept/db1.conf' };
const LOOKED = pathFact('/etc/f', { follow: true, sum: true });
const attributes = { mode: '0600', owner: 'root', group: 'root', mounted: false };
const there = value({ type: 'file' as const, ...attributes, sha256: 'aa' });
const TOUCHES = [{ on: 'outside', name: 'controller kept/db1.conf' }] as const;

const CASES: readonly Case[] = [
  {
    title: 'what the controller does not have is fetched, with the checksum that it must have',
    args: { ...ARGS, kept: '' },
    facts: facts([LOOKED, there]),
    change: {
      action: 'run',
      risk: 'changes',
      fields: [{ field: 'kept/db1.conf', after: 'sha256:aa' }],
      reason: /^makes kept\/db1\.conf on the controller$/,
    },
    commands: [
      {
        kind: 'fetch',
        from: '/etc/f',
        to: 'kept/db1.conf',
        sha256: 'aa',
        display: 'fetch /etc/f to kept/db1.conf',
      },
    ],
    touches: TOUCHES,
    registered: { ...ARGS, sha256: 'aa' },
  },
  {
    title: 'what differs is replaced',
    args: { ...ARGS, kept: 'bb' },
    facts: facts([LOOKED, there]),
    change: {
      action: 'run',
      risk: 'changes',
      fields: [{ field: 'kept/db1.conf', before: 'sha256:bb', after: 'sha256:aa' }],
      reason: /^replaces kept\/db1\.conf on the controller$/,
    },
    commands: [
      {
        kind: 'fetch',
        from: '/etc/f',
        to: 'kept/db1.conf',
        sha256: 'aa',
        display: 'fetch /etc/f to kept/db1.conf',
      },
    ],
    touches: TOUCHES,
  },
  {
    title: 'what is the same is left alone',
    args: { ...ARGS, kept: 'aa' },
    facts: facts([LOOKED, there]),
    change: NOTHING,
    registered: { ...ARGS, sha256: 'aa' },
  },
  {
    title: 'what is not there cannot be fetched',
    args: ARGS,
    facts: facts([LOOKED, ABSENT]),
    change: refusal(/^\/etc\/f does not exist on the host$/),
  },
  {
    title: 'what could not be looked at is not taken for absent',
    args: ARGS,
    facts: facts([LOOKED, unreadable('Permission denied')]),
    change: refusal(/^could not look at \/etc\/f: Permission denied$/),
  },
  {
    title: 'a directory is refused',
    args: ARGS,
    facts: facts([LOOKED, value({ type: 'directory' as const, ...attributes })]),
    change: refusal(/^expected a regular file at \/etc\/f, found a directory$/),
  },
];

expectCases(test, fetch, CASES);
expectRefusedArgs(test, fetch, [{}, { src: '/etc/f' }, { dest: 'x' }, { src: 'etc/f', dest: 'x' }]);

test.run();
