import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Change } from '../../src/core/change.ts';
import { type PathInfo, pathFact } from '../../src/facts/path.ts';
import { placeFact } from '../../src/facts/place.ts';
import { file } from '../../src/resources/file.ts';
import { expectCases, expectRefusedArgs } from './cases.ts';
import { FILE_CASES } from './file-cases.ts';
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
import { facts, unreadable, value, viewOfMembers } from './views.ts';

// What a file promises; the table of its cases is in file-cases.ts.
const test = suite<Scratch>('file');
useFolder(test);

expectCases(test, file, FILE_CASES);

expectRefusedArgs(test, file, [
  {},
  { path: 'etc/f' },
  { path: '/etc/f/' },
  { path: '/etc//f' },
  { path: '/etc/./f' },
  { path: '/etc/f\0' },
  { path: '/etc/f', mode: '644' },
  { path: '/etc/f', mode: 420 },
  { path: '/etc/f', mode: 'u+x' },
  { path: '/etc/f', owner: '-R' },
  { path: '/etc/f', group: 'a:b' },
  { path: '/etc/f', validate: 'true' },
  { path: '/etc/f', state: 'touch' },
]);

expectRefusedPaths(test, file, [
  {
    title: 'a file whose directory is missing',
    reason: /directory .*\/missing does not exist: make it first/,
    prepare: (dir) => ({ path: join(dir, 'missing', 'f'), content: '' }),
  },
  {
    title: 'a file below a file',
    reason: /expected a directory at .*\/f, found a file/,
    prepare: (dir) => ({ path: join(seed(dir), 'x'), content: '' }),
  },
  {
    title: 'a file where a directory is',
    reason: /expected a regular file at .*, found a directory: move it away/,
    prepare: (dir) => ({ path: dir, content: '' }),
  },
  {
    title: 'a file that is neither there nor given',
    reason: /does not exist: give its content or src/,
    prepare: (dir) => ({ path: join(dir, 'f'), mode: '0600' }),
  },
  {
    title: 'the removal of a directory as a file',
    reason: /found a directory: use a directory task/,
    prepare: (dir) => ({ path: dir, state: 'absent' }),
  },
]);

expectRefusedBehindClosedDoor(test, file, [{ content: 'x' }, { state: 'absent' }]);

if (isRoot)
  test('a file of one who is not root is replaced, and keeps its permissions', ({ dir }) => {
    const mine = join(dir, 'mine');
    mkdirSync(mine);
    writeFileSync(join(mine, 'f'), 'old\n', { mode: 0o440 });
    for (const path of [mine, join(mine, 'f')]) chownSync(path, 65_534, 65_534);
    const { results, after } = apply(NOBODY, file, { path: join(mine, 'f'), content: 'new\n' });
    assert.is(results[0]?.status, 0, results[0]?.stderr);
    assert.is(after.action, 'none');
    assert.is(statSync(join(mine, 'f')).mode & 0o7777, 0o440);
  });

if (isRoot)
  test('new content leaves the file to its owner and group', ({ dir }) => {
    const path = seed(dir);
    chownSync(path, 65_534, 65_534);
    apply(SH, file, { path, content: 'new\n' });
    assert.equal([statSync(path).uid, statSync(path).gid], [65_534, 65_534]);
  });

test('content that is not valid leaves the old file and nothing else behind', ({ dir }) => {
  const path = seed(dir);
  const { results, after } = apply(SH, file, { path, content: 'new\n', validate: 'grep -q old %s' });
  assert.is(results[0]?.status, 1);
  assert.match(results[0]?.stderr ?? '', /not valid; the old one stays/);
  assert.is(after.action, 'update');
  assert.is(readFileSync(path, 'utf8'), 'old\n');
  assert.equal(readdirSync(dir), ['f']);
});

test('content that does not arrive whole leaves the old file and nothing else behind', ({ dir }) => {
  const path = seed(dir);
  const { change, facts: seen } = plan(SH, file, { path, content: 'a longer text\n' });
  const [command] = file.commands({ path, content: 'a longer text\n' }, change, seen);
  const run = spawnSync('sh', ['-c', command?.kind === 'shell' ? command.script : ''], { input: 'a lon' });
  assert.is(run.status, 1);
  assert.is(readFileSync(path, 'utf8'), 'old\n');
  assert.equal(readdirSync(dir), ['f']);
});

test('permissions alone are changed without writing the file again', ({ dir }) => {
  const path = seed(dir);
  const { ino, mtimeMs } = statSync(path);
  const { before, results } = apply(SH, file, { path, content: 'old\n', mode: '0600' });
  assert.equal(before.fields, [{ field: 'mode', before: '0644', after: '0600' }]);
  assert.is(results[0]?.status, 0);
  assert.equal([statSync(path).ino, statSync(path).mtimeMs], [ino, mtimeMs]);
});

test('new content goes to a new file with the old permissions and a new time', ({ dir }) => {
  const path = seed(dir);
  chmodSync(path, 0o4750);
  spawnSync('touch', ['-d', '2001-01-01', path]);
  const { ino } = statSync(path);
  apply(SH, file, { path, content: 'new\n' });
  const stat = statSync(path);
  assert.is(stat.mode & 0o7777, 0o4750);
  assert.not.equal(stat.ino, ino);
  assert.ok(stat.mtimeMs > Date.parse('2020-01-01'));
});

test('a change shows the old and the new text', ({ dir }) => {
  const { change } = plan(SH, file, { path: seed(dir), content: 'new\n' });
  assert.equal(change.fields, [{ field: 'content', before: 'old\n', after: 'new\n', text: true }]);
});

test('a file on which something is mounted is not replaced', () => {
  const info: PathInfo = {
    type: 'file',
    mode: '0644',
    owner: 'root',
    group: 'root',
    sha256: 'a',
    mounted: true,
  };
  const request = pathFact('/etc/hosts', { follow: true, sum: true });
  const seen = facts([request, value(info)], [placeFact('/etc'), value({ type: 'directory' as const })]);
  const change = file.diff({ path: '/etc/hosts', content: 'x' }, viewOfMembers({ db1: seen }));
  assert.is(change.action, 'blocked');
  assert.match(change.reason ?? '', /bind mount/);
});

test('a link that is removed takes what was seen below it with it', () => {
  const args = { path: '/srv/link', state: 'absent' } as const;
  const removed = (before: string): boolean | undefined => {
    const change: Change = {
      action: 'delete',
      risk: 'destroys',
      fields: [{ field: 'state', before, after: 'absent' }],
    };
    const [touch] = file.touches(args, change);
    return touch?.on === 'path' ? touch.only : undefined;
  };
  assert.is(removed('link'), false);
  assert.is(removed('file'), true);
});

test('what could not be looked at is not taken for absent', () => {
  const request = pathFact('/f', { follow: true, sum: true });
  const seen = facts(
    [request, unreadable('no answer')],
    [placeFact('/'), value({ type: 'directory' as const })],
  );
  assert.is(file.diff({ path: '/f', content: 'x' }, viewOfMembers({ db1: seen })).action, 'blocked');
});

test('a reader sees the old file or the new one, never a part', ({ dir }) => {
  const path = join(dir, 'f');
  const [one, two] = ['1'.repeat(200_000), '2'.repeat(200_000)];
  writeFileSync(path, one);
  const reader = `for i in 1 2 3 4 5 6 7 8 9 10; do sha256sum <${path}; done`;
  const { change, facts: seen } = plan(SH, file, { path, content: two });
  const [command] = file.commands({ path, content: two }, change, seen);
  const script = command?.kind === 'shell' ? command.script : '';
  const run = spawnSync(
    'bash',
    ['-c', `(${reader}) & exec 5<&0; (eval "$1") <&5; wait; sha256sum <${path}`, 'x', script],
    { input: two },
  );
  assert.is(new Set(run.stdout.toString().trim().split('\n')).size <= 2, true);
  assert.is(readFileSync(path, 'utf8'), two);
});

test.run();
