import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { tree } from '../../src/facts/tree.ts';
import { SCRATCH } from '../resources/stub-machine.ts';
import { isRoot, lookAt, NOBODY } from './looking.ts';

const test = suite<{ dir: string }>('tree');

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-tree-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

const EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

test('all below a directory is seen, whatever its name; links in it are not followed', ({ dir }) => {
  const names = ['a', 'q\'" $(x)', 'new\nline', '-rf', 'grüße'];
  mkdirSync(join(dir, 'root/d'), { recursive: true });
  for (const name of names) writeFileSync(join(dir, 'root/d', name), '');
  symlinkSync('/etc', join(dir, 'root/link'));
  const [looked] = lookAt(tree, [join(dir, 'root')]);
  assert.is(looked?.state, 'value');
  if (looked?.state !== 'value') return;
  assert.equal(
    looked.value.entries.map(({ path, type, sha256 }) => [path, type, sha256]),
    [
      ['d', 'directory', undefined] as const,
      ...names.map((name) => [`d/${name}`, 'file', EMPTY] as const),
      ['link', 'link', undefined] as const,
    ].sort(([a], [b]) => (a < b ? -1 : 1)),
  );
});

test('several trees in one look are not mixed up, and one behind a link is found', ({ dir }) => {
  for (const name of ['x', 'xy']) mkdirSync(join(dir, name));
  writeFileSync(join(dir, 'xy', 'f'), '');
  symlinkSync('xy', join(dir, 'link'));
  writeFileSync(join(dir, 'file'), '');
  const seen = lookAt(tree, [
    join(dir, 'x'),
    join(dir, 'xy'),
    join(dir, 'link'),
    join(dir, 'none'),
    join(dir, 'file'),
  ]);
  assert.equal(
    seen.map((one) => (one.state === 'value' ? one.value.entries.map((e) => [e.path, e.sha256]) : one.state)),
    [[], [['f', EMPTY]], [['f', EMPTY]], 'absent', 'unreadable'],
  );
});

if (isRoot)
  test('a tree with a part that may not be read is unreadable', ({ dir }) => {
    mkdirSync(join(dir, 'x/closed'), { recursive: true, mode: 0o755 });
    rmSync(join(dir, 'x/closed'), { recursive: true });
    mkdirSync(join(dir, 'x/closed'), { mode: 0o700 });
    assert.is(lookAt(tree, [join(dir, 'x')], { uid: NOBODY })[0]?.state, 'unreadable');
  });

test.run();
