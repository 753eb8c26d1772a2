// templates/recovery/move-aside.sh: a data directory is renamed, and never under a server.
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { onSmallDisk } from './small-disk.ts';

const test = suite('move-aside.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/recovery/move-aside.sh', import.meta.url));

test('it refuses while a server works there, and moves what a dead one has left', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-move-'));
  const data = join(dir, 'data');
  const move = () => spawnSync('bash', [SCRIPT, data], { encoding: 'utf8' });
  mkdirSync(data);
  const server = spawn('sleep', ['600'], { cwd: data });
  try {
    await once(server, 'spawn');
    writeFileSync(join(data, 'postmaster.pid'), `${server.pid}\n${data}\n`);
    const refused = move();
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, new RegExp(`a server \\(process ${server.pid}\\) works on ${data}`));
    assert.deepEqual(readdirSync(dir), ['data']);
    server.kill();
    await once(server, 'exit');
    const moved = move();
    assert.equal(moved.status, 0, moved.stderr);
    assert.deepEqual(readdirSync(data), []);
    assert.match(readdirSync(dir).join(' '), /^data data\.before-restore-\d{8}_\d{6}$/);
  } finally {
    server.kill();
    rmSync(dir, { recursive: true });
  }
});

test('a mount point is refused, and says what to do', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-move-'));
  const data = join(dir, 'data');
  try {
    await onSmallDisk(data, '1m', async () => {
      writeFileSync(join(data, 'PG_VERSION'), '15\n');
      const { status, stderr } = spawnSync('bash', [SCRIPT, data], { encoding: 'utf8' });
      assert.equal(status, 1);
      assert.match(stderr, /data is a mount point, and cannot be renamed: mount the disk one level above/);
      assert.deepEqual(readdirSync(data), ['PG_VERSION']);
    });
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
