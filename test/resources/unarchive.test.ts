import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { unarchive } from '../../src/resources/unarchive.ts';
import { expectRefusedArgs } from './cases.ts';
import { isRoot, type Scratch, useFolder } from './scratch.ts';
import { apply, plan, SH } from './tiny-engine.ts';
import { treeOf } from './tree.ts';

const test = suite<Scratch>('unarchive');
useFolder(test);

expectRefusedArgs(test, unarchive, [
  {},
  { dest: '/x' },
  { src: 'a.tar', dest: 'relative' },
  { src: 'a.tar', archive: '/a.tar', dest: '/x' },
]);

/** An archive of `tree` under `dir`, and what the language makes of it as `src`. */
function pack(dir: string, name: string, ...argv: readonly string[]) {
  mkdirSync(join(dir, 'tree/sub'), { recursive: true });
  writeFileSync(join(dir, 'tree/a'), 'one\n');
  writeFileSync(join(dir, "tree/sub/it's $(x)\n-rf"), 'two\n', { mode: 0o755 });
  symlinkSync('../a', join(dir, 'tree/sub/link'));
  execFileSync('tar', ['-cf', join(dir, name), ...argv, '-C', join(dir, 'tree'), '.']);
  mkdirSync(join(dir, 'dest'));
  return sourceOf(dir, name);
}

function sourceOf(dir: string, name: string) {
  const path = join(dir, name);
  const bytes = readFileSync(path);
  const source = { path, sha256: createHash('sha256').update(bytes).digest('hex'), size: bytes.length };
  return { src: name, source, dest: join(dir, 'dest') };
}

for (const [name, option] of [
  ['a.tar', '--no-auto-compress'],
  ['a.tar.gz', '--gzip'],
  ['a.tar.xz', '--xz'],
] as const)
  test(`${name} of the controller is unpacked once, whole, names and modes as they were`, ({ dir }) => {
    const args = pack(dir, name, option);
    const { before, after, results } = apply(SH, unarchive, args);
    assert.is(before.action, 'create');
    assert.is(results.at(-1)?.status, 0, results.at(-1)?.stderr ?? '');
    assert.is(after.action, 'none');
    const [from, to] = [join(dir, 'tree'), join(dir, 'dest')];
    const unpacked = treeOf(to);
    for (const [path, what] of treeOf(from))
      if (path !== from) assert.is(unpacked.get(path.replace(from, to)), what, path);
    assert.is(statSync(join(dir, "dest/sub/it's $(x)\n-rf")).mode & 0o777, 0o755);
  });

test('another archive is unpacked over the old one, and what is not in it stays', ({ dir }) => {
  const args = pack(dir, 'a.tar');
  apply(SH, unarchive, args);
  writeFileSync(join(dir, 'dest/mine'), 'kept');
  writeFileSync(join(dir, 'tree/a'), 'three\n');
  execFileSync('tar', ['-cf', join(dir, 'a.tar'), '-C', join(dir, 'tree'), '.']);
  const { before, after } = apply(SH, unarchive, sourceOf(dir, 'a.tar'));
  assert.is(before.action, 'update');
  assert.is(after.action, 'none');
  assert.is(readFileSync(join(dir, 'dest/a'), 'utf8'), 'three\n');
  assert.is(readFileSync(join(dir, 'dest/mine'), 'utf8'), 'kept');
});

test('an archive that lies on the host is unpacked from there; `creates` says that it was done', ({
  dir,
}) => {
  pack(dir, 'a.tar');
  const args = { archive: join(dir, 'a.tar'), dest: join(dir, 'dest'), creates: join(dir, 'dest/a') };
  assert.is(apply(SH, unarchive, args).after.action, 'none');
  assert.is(readFileSync(join(dir, 'dest/a'), 'utf8'), 'one\n');
  writeFileSync(join(dir, 'a.tar'), 'no archive any more');
  assert.is(plan(SH, unarchive, args).change.action, 'none');
});

const SPOILT: readonly [title: string, spoil: (dir: string) => void, said: RegExp][] = [
  [
    'is cut short',
    (dir) => {
      const packed = execFileSync('gzip', ['-c', join(dir, 'a.tar')]);
      writeFileSync(join(dir, 'a.tar'), packed.subarray(0, packed.length / 2));
    },
    /damaged/,
  ],
  ['is none', (dir) => writeFileSync(join(dir, 'a.tar'), 'text'), /damaged, or is none/],
  [
    'reaches out of its directory',
    (dir) => {
      writeFileSync(join(dir, 'outside'), '');
      execFileSync('tar', ['-cPf', join(dir, 'a.tar'), '-C', join(dir, 'tree'), '../outside']);
    },
    /\.\.\/outside\nthese names reach out/,
  ],
];

for (const [title, spoil, said] of SPOILT)
  test(`of an archive that ${title} nothing is unpacked`, ({ dir }) => {
    pack(dir, 'a.tar');
    spoil(dir);
    const { results, after } = apply(SH, unarchive, { archive: join(dir, 'a.tar'), dest: join(dir, 'dest') });
    assert.is.not(results.at(-1)?.status, 0);
    assert.match(results.at(-1)?.stderr ?? '', said);
    assert.equal([...treeOf(join(dir, 'dest')).keys()], [join(dir, 'dest')]);
    assert.is(after.action, 'create');
  });

test('what is unpacked through a link that the archive brings stays inside', ({ dir }) => {
  pack(dir, 'a.tar');
  mkdirSync(join(dir, 'evil'));
  symlinkSync(dir, join(dir, 'evil/way'));
  execFileSync('tar', ['-cf', join(dir, 'a.tar'), '-C', join(dir, 'evil'), 'way']);
  mkdirSync(join(dir, 'second/way'), { recursive: true });
  writeFileSync(join(dir, 'second/way/pwned'), '');
  execFileSync('tar', ['-rf', join(dir, 'a.tar'), '-C', join(dir, 'second'), 'way/pwned']);
  apply(SH, unarchive, { archive: join(dir, 'a.tar'), dest: join(dir, 'dest') });
  assert.not.ok(existsSync(join(dir, 'pwned')));
});

test('a directory that is not there is refused', ({ dir }) => {
  const args = { ...pack(dir, 'a.tar'), dest: join(dir, 'none') };
  const { change } = plan(SH, unarchive, args);
  assert.is(change.action, 'blocked');
  assert.match(change.reason ?? '', /is no directory: declare it/);
});

if (isRoot)
  test('owner and group are those of what is unpacked, not of the directory', ({ dir }) => {
    apply(SH, unarchive, { ...pack(dir, 'a.tar'), owner: 'daemon', group: 'daemon' });
    assert.is(statSync(join(dir, 'dest/a')).uid, 1);
    assert.is(statSync(join(dir, 'dest')).uid, 0);
  });

test.run();
