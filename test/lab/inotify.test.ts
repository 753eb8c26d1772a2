import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { inotifyFinding } from '../../src/lab/doctor.ts';
import { PER_HOST, rootsInstances } from '../../src/lab/inotify.ts';

test('the instances of root’s processes count, and nothing else', () => {
  const proc = mkdtempSync(join(tmpdir(), 'fanops-proc-'));
  try {
    mkdirSync(join(proc, 'sys/fs/inotify'), { recursive: true });
    writeFileSync(join(proc, 'sys/fs/inotify/max_user_instances'), '128\n');
    process(proc, '1', 0, ['anon_inode:inotify', 'anon_inode:[eventpoll]', 'anon_inode:inotify']);
    process(proc, '20', 0, ['anon_inode:inotify']);
    process(proc, '21', 100, ['anon_inode:inotify']);
    // Ended between being listed and being looked at.
    mkdirSync(join(proc, '22'));
    assert.equal(rootsInstances(proc), { limit: 128, inUse: 3 });
  } finally {
    rmSync(proc, { recursive: true });
  }
});

test('what is left is compared with what the hosts take, and the setting is named', () => {
  const needed = 3 * PER_HOST;
  assert.is(inotifyFinding({ limit: 128, inUse: 128 - needed }, 3).verdict, 'ok');
  const short = inotifyFinding({ limit: 128, inUse: 129 - needed }, 3);
  assert.is(short.verdict, 'note');
  assert.match(short.text, `${needed - 1} of 128 inotify instances are left`);
  assert.match(short.text, '"sysctl fs.inotify.max_user_instances=1024"');
});

function process(proc: string, pid: string, uid: number, files: readonly string[]): void {
  mkdirSync(join(proc, pid, 'fd'), { recursive: true });
  writeFileSync(join(proc, pid, 'status'), `Name:\tx\nUid:\t${uid}\t${uid}\t${uid}\t${uid}\n`);
  for (const [number, target] of files.entries()) symlinkSync(target, join(proc, pid, 'fd', String(number)));
}

test.run();
