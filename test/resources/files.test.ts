import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyResource } from '../../src/core/resource.ts';
import { MASK, Secret } from '../../src/core/secret.ts';
import { type PathInfo, pathFact } from '../../src/facts/path.ts';
import { placeFact } from '../../src/facts/place.ts';
import { copy } from '../../src/resources/copy.ts';
import { directory } from '../../src/resources/directory.ts';
import { file } from '../../src/resources/file.ts';
import { link } from '../../src/resources/link.ts';
import { template } from '../../src/resources/template.ts';
import { SCRATCH } from './stub-machine.ts';
import { apply, type Machine, plan, SH } from './tiny-engine.ts';
import { facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ dir: string }>('files');
const isRoot = process.getuid?.() === 0;
const NOBODY: Machine = { shell: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'sh'] };

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-files-'));
  chmodSync(context.dir, 0o755);
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

const REFUSED: readonly {
  readonly title: string;
  readonly resource: AnyResource;
  readonly reason: RegExp;
  prepare(dir: string): object;
}[] = [
  {
    title: 'a file whose directory is missing',
    resource: file,
    reason: /directory .*\/missing does not exist: make it first/,
    prepare: (dir) => ({ path: join(dir, 'missing', 'f'), content: '' }),
  },
  {
    title: 'a file below a file',
    resource: file,
    reason: /expected a directory at .*\/f, found a file/,
    prepare: (dir) => ({ path: join(seed(dir), 'x'), content: '' }),
  },
  {
    title: 'a file where a directory is',
    resource: file,
    reason: /expected a regular file at .*, found a directory: move it away/,
    prepare: (dir) => ({ path: dir, content: '' }),
  },
  {
    title: 'a file that is neither there nor given',
    resource: file,
    reason: /does not exist: give its content or src/,
    prepare: (dir) => ({ path: join(dir, 'f'), mode: '0600' }),
  },
  {
    title: 'a file behind a link to itself',
    resource: copy,
    reason: /leads to itself/,
    prepare: (dir) => {
      symlinkSync('loop', join(dir, 'loop'));
      return { dest: join(dir, 'loop'), content: '' };
    },
  },
  {
    title: 'a secret whose value is not at hand',
    resource: template,
    reason: /holds a secret whose value is not known here/,
    prepare: (dir) => ({ dest: join(dir, 'f'), content: Secret.sealed('ref') }),
  },
  {
    title: 'the removal of a directory as a file',
    resource: file,
    reason: /found a directory: use a directory task/,
    prepare: (dir) => ({ path: dir, state: 'absent' }),
  },
  {
    title: 'the removal of a directory that is not empty',
    resource: directory,
    reason: /is not empty \(it holds "f"\)/,
    prepare: (dir) => {
      seed(dir);
      return { path: dir, state: 'absent' };
    },
  },
  {
    title: 'a directory where a file is',
    resource: directory,
    reason: /expected a directory at .*, found a file/,
    prepare: (dir) => ({ path: seed(dir) }),
  },
  {
    title: 'a link where a file is',
    resource: link,
    reason: /found a file: move it away, or say force: true/,
    prepare: (dir) => ({ path: seed(dir), target: 'x' }),
  },
  {
    title: 'a link where a directory is, even by force',
    resource: link,
    reason: /found a directory/,
    prepare: (dir) => ({ path: dir, target: 'x', force: true }),
  },
];

function seed(dir: string): string {
  writeFileSync(join(dir, 'f'), 'old\n');
  return join(dir, 'f');
}

for (const { title, resource, reason, prepare } of REFUSED)
  test(`${title} is refused, and why is said`, ({ dir }) => {
    const { change } = plan(SH, resource, prepare(dir));
    assert.is(change.action, 'blocked');
    assert.match(change.reason ?? '', reason);
  });

const CLOSED: readonly (readonly [AnyResource, object])[] = [
  [file, { content: 'x' }],
  [file, { state: 'absent' }],
  [directory, {}],
  [directory, { state: 'absent' }],
  [link, { target: 'x' }],
];

if (isRoot)
  for (const [resource, args] of CLOSED)
    test(`${resource.name} ${JSON.stringify(args)} behind a closed door is refused, not made`, ({ dir }) => {
      mkdirSync(join(dir, 'closed'), { mode: 0o700 });
      const { change } = plan(NOBODY, resource, { path: join(dir, 'closed', 'f'), ...args });
      assert.is(change.action, 'blocked');
      assert.match(change.reason ?? '', /could not look at .*Permission denied/);
    });

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

test('a source that changed after it was planned is not installed', ({ dir }) => {
  const source = { path: seed(dir), sha256: 'a'.repeat(64), size: 4 };
  const { results } = apply(SH, copy, { dest: join(dir, 'copy'), source });
  assert.is(results[0]?.status, 1);
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

test('a change of a secret text shows only lines that are in both and not secret', ({ dir }) => {
  writeFileSync(join(dir, 'f'), 'user=a\npassword=old\nhost=h\ngone=1\n');
  const content = Secret.open('user=a\npassword=new\nhost=h\n', `user=a\npassword=${MASK}\nhost=h\n`);
  const { change } = plan(SH, template, { dest: join(dir, 'f'), content });
  const [field] = change.fields;
  assert.ok(field?.before instanceof Secret && field.after instanceof Secret);
  assert.is((field.before as Secret).masked, `user=a\n${MASK}\nhost=h\n${MASK}\n`);
});

test('neither a checksum nor a byte of an old secret that cannot be shown is in the change', ({ dir }) => {
  writeFileSync(join(dir, 'f'), Buffer.from([0xff, 0xfe, 0]));
  const { change } = plan(SH, template, { dest: join(dir, 'f'), content: Secret.open('new') });
  assert.is(change.fields[0]?.before, '(not shown)');
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
