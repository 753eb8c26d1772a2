import type { Looked } from '../../src/core/fact.ts';
import { pathFact } from '../../src/facts/path.ts';
import { type Case, NOTHING, refusal } from './cases.ts';
import { at, file, OLD, SUM } from './file-facts.ts';
import { ABSENT, facts, unreadable } from './views.ts';

const ARGS = { path: '/etc/f', content: 'new\n' };
const REMOVED = { path: '/etc/f', state: 'absent' };
const AS_IT_IS = { follow: false };

function seenToGo(looked: Looked<unknown>): Map<string, Looked<unknown>> {
  return facts([pathFact('/etc/f'), looked]);
}

const WRITTEN = {
  action: 'update',
  risk: 'changes',
  fields: [{ field: 'content', before: `sha256:${SUM.old}`, after: `sha256:${SUM.new}` }],
} as const;

const MADE = {
  action: 'create',
  risk: 'changes',
  fields: [
    { field: 'content', after: 'new\n', text: true },
    { field: 'mode', after: '0644' },
  ],
} as const;

const PRESENT: readonly Case[] = [
  {
    title: 'one that is missing is made, readable to all',
    args: ARGS,
    facts: at('/etc/f', ABSENT),
    change: MADE,
    commands: [
      {
        display: 'write /etc/f',
        stdin: { kind: 'text', text: 'new\n' },
        script: /\nchmod -- 00644 "\$t"\nsync -- "\$t"\nmv -fT -- "\$t" \/etc\/f\nsync -- \/etc$/,
        timeoutMs: 300_000,
      },
    ],
    touches: [{ on: 'path', path: '/etc/f', only: true }],
    registered: { path: '/etc/f' },
  },
  {
    title: 'the same content is no change, whatever its owner and permissions',
    args: { path: '/etc/f', content: 'old\n' },
    facts: at('/etc/f', file({ sha256: SUM.old, owner: 'b', mode: '0400' })),
    change: NOTHING,
  },
  {
    title: 'one without content declared keeps what it holds',
    args: { path: '/etc/f', owner: 'root', mode: '0644' },
    facts: at('/etc/f', OLD),
    change: NOTHING,
  },
  {
    title: 'one that cannot be read may be given other permissions',
    args: { path: '/etc/f', mode: '0600' },
    facts: at('/etc/f', file({})),
    change: { action: 'update', risk: 'changes', fields: [{ field: 'mode', before: '0644', after: '0600' }] },
    commands: [{ script: 'set -eu\nchmod -- 00600 /etc/f' }],
  },
  {
    title: 'a new owner keeps the setuid bit, which changing owners clears',
    args: { path: '/etc/f', owner: 'b', group: 'dba' },
    facts: at('/etc/f', file({ sha256: SUM.old, mode: '4755' })),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [
        { field: 'owner', before: 'root', after: 'b' },
        { field: 'group', before: 'root', after: 'dba' },
      ],
    },
    commands: [
      {
        display: 'set owner, group of /etc/f',
        script: 'set -eu\nchown -- b:dba /etc/f\nchmod -- 04755 /etc/f',
      },
    ],
  },
  {
    title: 'other content replaces it whole, with the permissions it had',
    args: ARGS,
    facts: at('/etc/f', file({ sha256: SUM.old, mode: '0640' })),
    change: WRITTEN,
    commands: [{ display: 'write /etc/f', script: /\nchmod -- 00640 "\$t"\n/ }],
  },
  {
    title: 'what is behind a link is replaced, and the link stays',
    args: ARGS,
    facts: at('/etc/f', file({ sha256: SUM.old, target: 'g', at: '/etc/g' })),
    change: WRITTEN,
    commands: [{ display: 'write /etc/g' }],
    touches: [
      { on: 'path', path: '/etc/f', only: true },
      { on: 'path', path: '/etc/g', only: true },
    ],
  },
  {
    title: 'a link that led nowhere is filled at its end',
    args: ARGS,
    facts: at('/etc/f', file({ type: 'link', target: 'g', at: '/etc/g' })),
    change: MADE,
    commands: [{ display: 'write /etc/g' }],
  },
  {
    title: 'a link is replaced where it is not followed, and what was below it is gone',
    args: { ...ARGS, follow: false },
    facts: at('/etc/f', file({ type: 'link', mode: '0777', target: 'g' }), undefined, AS_IT_IS),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [
        { field: 'type', before: 'link to g', after: 'file' },
        { field: 'content', after: 'new\n', text: true },
        { field: 'mode', after: '0644' },
      ],
    },
    commands: [{ display: 'write /etc/f' }],
    touches: [{ on: 'path', path: '/etc/f', only: false }],
  },
  {
    title: 'a link that is not followed needs content to be replaced',
    args: { path: '/etc/f', mode: '0644', follow: false },
    facts: at('/etc/f', file({ type: 'link', mode: '0777', target: 'g' }), undefined, AS_IT_IS),
    change: refusal(/expected a regular file at \/etc\/f, found a symbolic link to g/),
  },
  {
    title: 'one that cannot be read is not taken for different',
    args: ARGS,
    facts: at('/etc/f', file({})),
    change: refusal(/^could not read the content of \/etc\/f$/),
  },
  {
    title: 'one is not made where its directory cannot be looked at',
    args: ARGS,
    facts: at('/etc/f', ABSENT, unreadable('Permission denied')),
    change: refusal(/^could not look at \/etc: Permission denied$/),
  },
  {
    title: 'a validation that cannot be run is refused before anything is written',
    args: { ...ARGS, validate: "grep 'x %s" },
    facts: at('/etc/f', ABSENT),
    change: refusal(/^cannot split `validate` into words: expected a closing '/),
  },
  {
    title: 'a fifo in its place is left alone',
    args: ARGS,
    facts: at('/etc/f', file({ type: 'fifo' })),
    change: refusal(/expected a regular file at \/etc\/f, found a fifo: move it away first/),
  },
  {
    title: 'an odd name is one word',
    args: { ...ARGS, path: "/etc/-it's $(id)\n" },
    facts: at("/etc/-it's $(id)\n", ABSENT),
    change: MADE,
    commands: [{ script: /\nmv -fT -- "\$t" '\/etc\/-it'\\''s \$\(id\)\n'\nsync -- \/etc$/ }],
  },
];

const GONE: readonly Case[] = [
  ...(['file', 'link', 'socket'] as const).map(
    (type): Case => ({
      title: `a ${type} that is not wanted is removed, and what it held is lost`,
      args: REMOVED,
      facts: seenToGo(file({ type })),
      change: {
        action: 'delete',
        risk: 'destroys',
        fields: [{ field: 'state', before: type, after: 'absent' }],
      },
      commands: [{ script: 'rm -- /etc/f', display: 'rm /etc/f' }],
      ...(type === 'link' ? {} : { touches: [{ on: 'path', path: '/etc/f', only: true }] }),
    }),
  ),
  {
    title: 'one that is neither there nor wanted needs nothing',
    args: REMOVED,
    facts: seenToGo(ABSENT),
    change: NOTHING,
  },
  {
    title: 'a directory is not removed as a file',
    args: REMOVED,
    facts: seenToGo(file({ type: 'directory' })),
    change: refusal(/expected a file at \/etc\/f, found a directory: use a directory task/),
  },
  {
    title: 'one on which something is mounted is not removed',
    args: REMOVED,
    facts: seenToGo(file({ mounted: true })),
    change: refusal(/something is mounted at \/etc\/f: unmount it first/),
  },
  {
    title: 'one that cannot be looked at is not taken for removed',
    args: REMOVED,
    facts: seenToGo(unreadable('Permission denied')),
    change: refusal(/^could not look at \/etc\/f: Permission denied$/),
  },
];

/** What `file` promises in each state of its path. */
export const FILE_CASES: readonly Case[] = [...PRESENT, ...GONE];
