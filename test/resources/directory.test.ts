import { chmodSync, lstatSync, mkdirSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { FactRequest, Looked } from '../../src/core/fact.ts';
import { directoryEntriesFact } from '../../src/facts/directory-entries.ts';
import { type PathInfo, pathFact } from '../../src/facts/path.ts';
import { type Place, placeFact } from '../../src/facts/place.ts';
import { directory } from '../../src/resources/directory.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import {
  expectRefusedBehindClosedDoor,
  expectRefusedPaths,
  isRoot,
  NOBODY,
  type Scratch,
  seed,
  useFolder,
} from './scratch.ts';
import { apply, plan, SH } from './tiny-engine.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<Scratch>('directory');
useFolder(test);

const PLACE: Looked<Place> = value({ type: 'directory' });
const FOLLOWED = pathFact('/srv/d', { follow: true });
const AS_IT_IS = pathFact('/srv/d');
const ENTRIES = directoryEntriesFact('/srv/d');
const REMOVED = { path: '/srv/d', state: 'absent' };
const ONLY = [{ on: 'path', path: '/srv/d', only: true }] as const;

function info(more: Partial<PathInfo> = {}): Looked<PathInfo> {
  return value({ type: 'directory', mode: '0755', owner: 'root', group: 'root', mounted: false, ...more });
}

/** What is looked at when it is wanted. */
function seen(looked: Looked<PathInfo>, parent: Looked<Place> = PLACE, request: FactRequest = FOLLOWED) {
  return facts([request, looked], [placeFact('/srv'), parent]);
}

/** What is looked at when it is not. */
function seenToGo(looked: Looked<PathInfo>, entries: Looked<unknown>) {
  return facts([AS_IT_IS, looked], [ENTRIES, entries]);
}

const PRESENT: readonly Case[] = [
  {
    title: 'one that is missing is made closed, and opened as declared',
    args: { path: '/srv/d', owner: 'b', group: 'dba', mode: '2770' },
    facts: seen(ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'state', after: 'present' },
        { field: 'owner', after: 'b' },
        { field: 'group', after: 'dba' },
        { field: 'mode', after: '2770' },
      ],
    },
    commands: [
      {
        script: 'set -eu\numask 077; mkdir -- /srv/d\nchown -- b:dba /srv/d\nchmod -- 02770 /srv/d',
        display: 'mkdir /srv/d',
      },
    ],
    touches: ONLY,
    registered: { path: '/srv/d' },
  },
  {
    title: 'one with its path alone is made 0755',
    args: { path: '/srv/d' },
    facts: seen(ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'state', after: 'present' },
        { field: 'mode', after: '0755' },
      ],
    },
    commands: [{ script: 'set -eu\numask 077; mkdir -- /srv/d\nchmod -- 00755 /srv/d' }],
  },
  {
    title: 'missing parents are made where that is wished, and may be touched',
    args: { path: '/srv/d', parents: true },
    facts: seen(ABSENT, ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'state', after: 'present' },
        { field: 'mode', after: '0755' },
      ],
    },
    commands: [{ script: /^set -eu\numask 022; mkdir -p -- \/srv\numask 077; mkdir -- \/srv\/d\n/ }],
    touches: ['/srv/d', '/srv', '/'].map((path) => ({ on: 'path', path, only: true }) as const),
  },
  {
    title: 'one that is there is left as it is',
    args: { path: '/srv/d' },
    facts: seen(info({ mode: '0700', owner: 'b' })),
    change: NOTHING,
  },
  {
    title: 'the same owner, group and permissions are no change',
    args: { path: '/srv/d', owner: 'root', group: 'root', mode: '0755' },
    facts: seen(info()),
    change: NOTHING,
  },
  {
    title: 'what differs is set, and nothing else',
    args: { path: '/srv/d', owner: 'root', group: 'dba', mode: '0700' },
    facts: seen(info({ mode: '2755' })),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [
        { field: 'group', before: 'root', after: 'dba' },
        { field: 'mode', before: '2755', after: '0700' },
      ],
    },
    commands: [
      {
        script: 'set -eu\nchown -- root:dba /srv/d\nchmod -- 00700 /srv/d',
        display: 'set group, mode of /srv/d',
      },
    ],
    touches: ONLY,
  },
  {
    title: 'a link to a directory will do',
    args: { path: '/srv/d', mode: '0755' },
    facts: seen(info({ target: 'real', at: '/srv/real' })),
    change: NOTHING,
  },
  {
    title: 'a link that leads nowhere is not filled',
    args: { path: '/srv/d' },
    facts: seen(info({ type: 'link', target: 'gone' })),
    change: refusal(/\/srv\/d is a symbolic link to gone, where nothing is/),
  },
  {
    title: 'a socket in its place is left alone',
    args: { path: '/srv/d' },
    facts: seen(info({ type: 'socket' })),
    change: refusal(/expected a directory at \/srv\/d, found a socket/),
  },
  {
    title: 'one is not made in a directory that is missing',
    args: { path: '/srv/d' },
    facts: seen(ABSENT, ABSENT),
    change: refusal(/the directory \/srv does not exist: make it first/),
  },
  {
    title: 'one is not made where its parent cannot be looked at',
    args: { path: '/srv/d' },
    facts: seen(ABSENT, unreadable('Permission denied')),
    change: refusal(/^could not look at \/srv: Permission denied$/),
  },
  {
    title: 'one that cannot be looked at is not taken for missing, parents or not',
    args: { path: '/srv/d', parents: true },
    facts: seen(unreadable('Permission denied')),
    change: refusal(/^could not look at \/srv\/d: Permission denied$/),
  },
  {
    title: 'an odd name is one word',
    args: { path: "/srv/-it's $(id)\n" },
    facts: seen(ABSENT, PLACE, pathFact("/srv/-it's $(id)\n", { follow: true })),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'state', after: 'present' },
        { field: 'mode', after: '0755' },
      ],
    },
    commands: [
      {
        script:
          "set -eu\numask 077; mkdir -- '/srv/-it'\\''s $(id)\n'\nchmod -- 00755 '/srv/-it'\\''s $(id)\n'",
      },
    ],
  },
];

const GONE: readonly Case[] = [
  {
    title: 'one that is empty and not wanted is removed',
    args: REMOVED,
    facts: seenToGo(info(), value({ empty: true, first: '' })),
    change: {
      action: 'delete',
      risk: 'changes',
      fields: [{ field: 'state', before: 'directory', after: 'absent' }],
    },
    commands: [{ script: 'rmdir -- /srv/d', display: 'rmdir /srv/d' }],
    touches: ONLY,
  },
  {
    title: 'one that is neither there nor wanted needs nothing',
    args: REMOVED,
    facts: seenToGo(ABSENT, ABSENT),
    change: NOTHING,
  },
  {
    title: 'one that holds something is kept, and what it holds is said',
    args: REMOVED,
    facts: seenToGo(info(), value({ empty: false, first: 'PG_VERSION' })),
    change: refusal(/\/srv\/d is not empty \(it holds "PG_VERSION"\): move what it holds away first/),
  },
  {
    title: 'one whose content cannot be looked at is not taken for empty',
    args: REMOVED,
    facts: seenToGo(info(), unreadable('Permission denied')),
    change: refusal(/could not look into \/srv\/d/),
  },
  {
    title: 'one on which something is mounted is kept',
    args: REMOVED,
    facts: seenToGo(info({ mounted: true }), value({ empty: true, first: '' })),
    change: refusal(/something is mounted at \/srv\/d: unmount it first/),
  },
  {
    title: 'a link to a directory is not removed as one',
    args: REMOVED,
    facts: seenToGo(info({ type: 'link', target: 'real' }), value({ empty: true, first: '' })),
    change: refusal(/expected a directory at \/srv\/d, found a link/),
  },
  {
    title: 'one that cannot be looked at is not taken for removed',
    args: REMOVED,
    facts: seenToGo(unreadable('Permission denied'), unreadable('Permission denied')),
    change: refusal(/^could not look at \/srv\/d: Permission denied$/),
  },
];

expectCases(test, directory, [...PRESENT, ...GONE]);

expectRefusedArgs(test, directory, [
  {},
  { path: 'srv' },
  { path: '/srv/' },
  { path: '/srv/../etc' },
  { path: '/srv\0' },
  { path: '/srv/d', mode: '755' },
  { path: '/srv/d', mode: 493 },
  { path: '/srv/d', owner: '-R' },
  { path: '/srv/d', group: 'a b' },
  { path: '/srv/d', file_mode: '0640' },
  { path: '/srv/d', recurse: true, file_mode: '640' },
]);

expectRefusedPaths(test, directory, [
  {
    title: 'the removal of a directory that is not empty',
    reason: /is not empty \(it holds "f"\)/,
    prepare: (dir) => {
      seed(dir);
      return { path: dir, state: 'absent' };
    },
  },
  {
    title: 'a directory where a file is',
    reason: /expected a directory at .*, found a file/,
    prepare: (dir) => ({ path: seed(dir) }),
  },
]);

expectRefusedBehindClosedDoor(test, directory, [{}, { state: 'absent' }]);

/** A tree with a link out of it. */
function plant(dir: string): string {
  const root = join(dir, "it's a $(tree)");
  mkdirSync(join(root, '-rf', 'deep'), { recursive: true });
  writeFileSync(join(dir, 'outside'), 'x', { mode: 0o600 });
  for (const name of ['a', '-rf/b', '-rf/deep/c\nd']) writeFileSync(join(root, name), 'x', { mode: 0o644 });
  symlinkSync('../outside', join(root, 'link'));
  return root;
}

test('what is below is made alike, and nothing is followed', ({ dir }) => {
  const path = plant(dir);
  const args = { path, recurse: true, mode: '0750', file_mode: '0640' };
  const { before, results, after } = apply(SH, directory, args);
  assert.equal(before.fields, [
    { field: 'mode', before: '0755', after: '0750' },
    { field: 'below', before: '5 differ: -rf, -rf/b, -rf/deep, …', after: 'as declared' },
  ]);
  assert.is(results[0]?.status, 0, results[0]?.stderr);
  assert.is(after.action, 'none', after.reason);
  const mode = (name: string) => (statSync(join(path, name)).mode & 0o7777).toString(8);
  assert.equal(['a', '-rf', '-rf/deep/c\nd', '../outside'].map(mode), ['640', '750', '640', '600']);
});

test('owners below are set on links themselves; an account that is not there owns nothing', ({ dir }) => {
  if (!isRoot) return;
  const path = plant(dir);
  const args = { path, recurse: true, owner: 'nobody', group: 'nogroup' };
  const { after } = apply(SH, directory, args);
  assert.is(after.action, 'none', after.reason);
  assert.is(lstatSync(join(path, 'link')).uid, 65_534);
  assert.is(statSync(join(dir, 'outside')).uid, 0);
  const missing = plan(SH, directory, { ...args, owner: 'not_there' }).change;
  assert.match(String(missing.fields.at(-1)?.before), /^6 differ/);
});

test('a tree that cannot be looked at to its end is not called alike', ({ dir }) => {
  if (!isRoot) return;
  mkdirSync(join(dir, 'd', 'closed'), { recursive: true });
  chmodSync(join(dir, 'd', 'closed'), 0);
  const { change } = plan(NOBODY, directory, { path: join(dir, 'd'), recurse: true, owner: 'root' });
  assert.match(change.reason ?? '', /could not be looked at to its end/);
});

test.run();
