import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { copy } from '../../src/resources/copy.ts';
import { type Case, expectCases, expectRefusedArgs, NOTHING, refusal } from './cases.ts';
import { at, file, OLD, SUM } from './file-facts.ts';
import { expectRefusedPaths, type Scratch, seed, useFolder } from './scratch.ts';
import { apply, SH } from './tiny-engine.ts';
import { ABSENT, unreadable } from './views.ts';

const test = suite<Scratch>('copy');
useFolder(test);

/** As the language found it; of the same content as OLD. */
const SOURCE = { path: '/controller/f', sha256: SUM.old, size: 4 };
const STDIN = { kind: 'file', ...SOURCE } as const;
const ARGS = { dest: '/etc/f', src: 'f', source: SOURCE };

const CASES: readonly Case[] = [
  {
    title: 'a file that is missing is made from the one on the controller, which is not read for it',
    args: ARGS,
    facts: at('/etc/f', ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'content', after: `sha256:${SUM.old}` },
        { field: 'mode', after: '0644' },
      ],
    },
    commands: [{ display: 'write /etc/f', stdin: STDIN, timeoutMs: 3_600_000 }],
    touches: [{ on: 'path', path: '/etc/f', only: true }],
    registered: { path: '/etc/f' },
  },
  { title: 'the same content is no change', args: ARGS, facts: at('/etc/f', OLD), change: NOTHING },
  {
    title: 'the same content with the same attributes is no change',
    args: { ...ARGS, owner: 'root', group: 'root', mode: '0644' },
    facts: at('/etc/f', OLD),
    change: NOTHING,
  },
  {
    title: 'other content is copied, and shown by its checksum',
    args: { ...ARGS, owner: 'b' },
    facts: at('/etc/f', file({ sha256: SUM.new })),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [
        { field: 'content', before: `sha256:${SUM.new}`, after: `sha256:${SUM.old}` },
        { field: 'owner', before: 'root', after: 'b' },
      ],
    },
    commands: [
      { display: 'write /etc/f', stdin: STDIN, script: /\nchown -- b "\$t"\nchmod -- 00644 "\$t"\n/ },
    ],
  },
  {
    title: 'permissions alone are set without copying',
    args: { ...ARGS, mode: '0600' },
    facts: at('/etc/f', OLD),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'mode', before: '0644', after: '0600' }],
    },
    commands: [{ display: 'set mode of /etc/f', script: 'set -eu\nchmod -- 00600 /etc/f' }],
  },
  {
    title: 'content that is given needs no file',
    args: { dest: '/etc/f', content: 'new\n' },
    facts: at('/etc/f', ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'content', after: 'new\n', text: true },
        { field: 'mode', after: '0644' },
      ],
    },
    commands: [{ stdin: { kind: 'text', text: 'new\n' }, timeoutMs: 300_000 }],
  },
  {
    title: 'what is behind a link is replaced, and the link stays',
    args: ARGS,
    facts: at('/etc/f', file({ sha256: SUM.new, target: '../srv/f', at: '/srv/f' })),
    change: {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'content', before: `sha256:${SUM.new}`, after: `sha256:${SUM.old}` }],
    },
    commands: [{ display: 'write /srv/f', script: /\nmv -fT -- "\$t" \/srv\/f\n/ }],
    touches: [
      { on: 'path', path: '/etc/f', only: true },
      { on: 'path', path: '/srv/f', only: true },
    ],
  },
  {
    title: 'an odd name is one word',
    args: { ...ARGS, dest: "/etc/-it's $(id)\n" },
    facts: at("/etc/-it's $(id)\n", ABSENT),
    change: {
      action: 'create',
      risk: 'changes',
      fields: [
        { field: 'content', after: `sha256:${SUM.old}` },
        { field: 'mode', after: '0644' },
      ],
    },
    commands: [{ script: /\nmv -fT -- "\$t" '\/etc\/-it'\\''s \$\(id\)\n'\n/ }],
  },
  {
    title: 'a file that cannot be looked at is not taken for missing',
    args: ARGS,
    facts: at('/etc/f', unreadable('Permission denied')),
    change: refusal(/^could not look at \/etc\/f: Permission denied$/),
  },
  {
    title: 'a file whose content cannot be read is not taken for another',
    args: ARGS,
    facts: at('/etc/f', file({})),
    change: refusal(/^could not read the content of \/etc\/f$/),
  },
  {
    title: 'a file is not made in a directory that is missing',
    args: ARGS,
    facts: at('/etc/f', ABSENT, ABSENT),
    change: refusal(/the directory \/etc does not exist/),
  },
  {
    title: 'a directory in its place is left alone',
    args: ARGS,
    facts: at('/etc/f', file({ type: 'directory' })),
    change: refusal(/expected a regular file at \/etc\/f, found a directory/),
  },
];

expectCases(test, copy, CASES);

expectRefusedArgs(test, copy, [
  { src: 'f' },
  { path: '/etc/f', src: 'f' },
  { dest: 'etc/f' },
  { dest: '/etc/f/' },
  { dest: '/etc/f', state: 'absent' },
  { dest: '/etc/f', mode: '644' },
  { dest: '/etc/f', owner: '0:0' },
]);

expectRefusedPaths(test, copy, [
  {
    title: 'a file behind a link to itself',
    reason: /leads to itself/,
    prepare: (dir) => {
      symlinkSync('loop', join(dir, 'loop'));
      return { dest: join(dir, 'loop'), content: '' };
    },
  },
]);

test('a source that changed after it was planned is not installed', ({ dir }) => {
  const source = { path: seed(dir), sha256: 'a'.repeat(64), size: 4 };
  const { results } = apply(SH, copy, { dest: join(dir, 'copy'), source });
  assert.is(results[0]?.status, 1);
  assert.equal(readdirSync(dir), ['f']);
});

test.run();
