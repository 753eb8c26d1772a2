import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { makeFolder } from '../../src/journal/make-folder.ts';

test('a folder is made with those above it, and once is enough', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-folder-'));
  try {
    const folder = join(dir, 'a/b/c');
    makeFolder(folder, 0o700);
    makeFolder(folder, 0o700);
    assert.is(statSync(folder).mode & 0o777, 0o700);
    assert.is(statSync(join(dir, 'a')).mode & 0o777, 0o700);
    writeFileSync(join(dir, 'file'), '');
    assert.throws(() => makeFolder(join(dir, 'file/x')), /ENOTDIR/);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('where the system takes no folder that is said, and nothing waits for it', () => {
  assert.throws(() => makeFolder('/proc/fanops/x'), /ENOENT.*\/proc\/fanops'/);
  assert.not(existsSync('/proc/fanops'));
});

test.run();
