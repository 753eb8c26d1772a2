import { suite } from 'uvu';
import { type PathInfo, pathFact } from '../../src/facts/path.ts';
import { placeFact } from '../../src/facts/place.ts';
import { link } from '../../src/resources/link.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import {
  expectRefusedBehindClosedDoor,
  expectRefusedPaths,
  type Scratch,
  seed,
  useFolder,
} from './scratch.ts';
import { ABSENT, facts, unreadable, value } from './views.ts';

const test = suite<Scratch>('link');
useFolder(test);

const IN_PLACE = [placeFact('/srv'), value({ type: 'directory' as const })] as const;
const ARGS = { path: '/srv/now', target: 'v2' };

function found(more: Partial<PathInfo>, path = '/srv/now') {
  const info = { type: 'link', mode: '0777', owner: 'root', group: 'root', mounted: false, ...more } as const;
  return facts([pathFact(path), value(info)], IN_PLACE);
}

const CASES: readonly Case[] = [
  {
    title: 'one that is missing is made aside and renamed',
    args: ARGS,
    facts: facts([pathFact('/srv/now'), ABSENT], IN_PLACE),
    change: { action: 'create', risk: 'changes', fields: [{ field: 'target', after: 'v2' }] },
    commands: [
      {
        display: 'ln -s v2 /srv/now',
        script: /\nln -s -- v2 "\$d\/link"\nmv -fT -- "\$d\/link" \/srv\/now$/,
      },
    ],
    touches: [{ on: 'path', path: '/srv/now' }],
    registered: { path: '/srv/now' },
  },
  { title: 'the same target is no change', args: ARGS, facts: found({ target: 'v2' }), change: NOTHING },
  {
    title: 'a target is compared as it is written, not by where it leads',
    args: { ...ARGS, target: '/srv/v2' },
    facts: found({ target: 'v2' }),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'target', before: 'v2', after: '/srv/v2' }],
    },
    commands: [{ script: /\nln -s -- \/srv\/v2 / }],
  },
  {
    title: 'another target is switched over',
    args: ARGS,
    facts: found({ target: 'v1' }),
    change: { action: 'update', risk: 'changes', fields: [{ field: 'target', before: 'v1', after: 'v2' }] },
    commands: [{ script: /\nmv -fT -- "\$d\/link" \/srv\/now$/ }],
  },
  {
    title: 'a file is replaced by force, which destroys it',
    args: { ...ARGS, force: true },
    facts: found({ type: 'file', mode: '0644' }),
    change: {
      action: 'update',
      risk: 'destroys',
      fields: [
        { field: 'type', before: 'file', after: 'link' },
        { field: 'target', after: 'v2' },
      ],
    },
    commands: [{ display: 'ln -s v2 /srv/now' }],
  },
  {
    title: 'a file is left alone without force',
    args: ARGS,
    facts: found({ type: 'file' }),
    change: refusal(/found a file: move it away, or say force: true/),
  },
  {
    title: 'a file on which something is mounted is left alone even by force',
    args: { ...ARGS, force: true },
    facts: found({ type: 'file', mounted: true }),
    change: refusal(/expected a symbolic link at \/srv\/now, found a file: move it away first/),
  },
  ...(['directory', 'socket', 'fifo', 'block'] as const).map(
    (type): Case => ({
      title: `a ${type} is left alone even by force`,
      args: { ...ARGS, force: true },
      facts: found({ type }),
      change: refusal(new RegExp(`found a ${type}: move it away first`)),
    }),
  ),
  {
    title: 'one that cannot be looked at is not taken for missing',
    args: ARGS,
    facts: facts([pathFact('/srv/now'), unreadable('Permission denied')], IN_PLACE),
    change: refusal(/^could not look at \/srv\/now: Permission denied$/),
  },
  {
    title: 'one is not made in a directory that is missing',
    args: ARGS,
    facts: facts([pathFact('/srv/now'), ABSENT], [placeFact('/srv'), ABSENT]),
    change: refusal(/the directory \/srv does not exist: make it first/),
  },
  {
    title: 'one is not made below a file',
    args: ARGS,
    facts: facts([pathFact('/srv/now'), ABSENT], [placeFact('/srv'), value({ type: 'file' as const })]),
    change: refusal(/expected a directory at \/srv, found a file/),
  },
  {
    title: 'odd names and targets are one word each',
    args: { path: "/srv/-it's", target: '-rf $(id)\n' },
    facts: facts([pathFact("/srv/-it's"), ABSENT], IN_PLACE),
    change: { action: 'create', risk: 'changes', fields: [{ field: 'target', after: '-rf $(id)\n' }] },
    commands: [
      { script: /\nln -s -- '-rf \$\(id\)\n' "\$d\/link"\nmv -fT -- "\$d\/link" '\/srv\/-it'\\''s'$/ },
    ],
  },
];

expectCases(test, link, CASES);

expectRefusedArgs(test, link, [
  { path: '/srv/now' },
  { target: 'v2' },
  { path: 'srv/now', target: 'v2' },
  { path: '/srv/now/', target: 'v2' },
  { path: '/srv//now', target: 'v2' },
  { path: '/srv/./now', target: 'v2' },
  { path: '/srv/\0', target: 'v2' },
  { path: '/srv/now', target: '' },
  { path: '/srv/now', target: 'a\0b' },
]);

expectRefusedPaths(test, link, [
  {
    title: 'a link where a file is',
    reason: /found a file: move it away, or say force: true/,
    prepare: (dir) => ({ path: seed(dir), target: 'x' }),
  },
  {
    title: 'a link where a directory is, even by force',
    reason: /found a directory/,
    prepare: (dir) => ({ path: dir, target: 'x', force: true }),
  },
]);

expectRefusedBehindClosedDoor(test, link, [{ target: 'x' }]);

test.run();
