// templates/recovery/stop-postgres.sh on a real server; what its lock file names and is no server of it is left alone.
import * as assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { AS_POSTGRES } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';

const test = suite('stop-postgres.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/recovery/stop-postgres.sh', import.meta.url));

let server: PostgresServer;
test.before(() => {
  server = new PostgresServer();
  copyFileSync(SCRIPT, join(server.dir, 'stop-postgres.sh'));
});
test.after(() => server.remove());

function stop(): { status: number | null; stdout: string } {
  const words = [...AS_POSTGRES, 'bash', join(server.dir, 'stop-postgres.sh'), server.data];
  return spawnSync('setpriv', words, { cwd: '/', encoding: 'utf8' });
}

test('a server that was left behind is stopped, cleanly; then there is nothing to do', () => {
  const { status, stdout } = stop();
  assert.equal(status, 0);
  assert.match(stdout, /^a server \(process \d+\) still works on .*data: stopping it$/m);
  assert.ok(!existsSync(join(server.data, 'postmaster.pid')));
  assert.match(server.log(), /received fast shutdown request/);
  assert.deepEqual([stop().status, stop().stdout], [0, '']);
});

test('a process that bears the number of a server that died is left alone', async () => {
  const other = spawn('sleep', ['600'], { cwd: server.dir });
  const lock = join(server.data, 'postmaster.pid');
  try {
    await once(other, 'spawn');
    writeFileSync(lock, `${other.pid}\n${server.data}\n`);
    assert.deepEqual([stop().status, stop().stdout], [0, '']);
    assert.equal(other.exitCode, null);
  } finally {
    other.kill();
    rmSync(lock);
  }
});

test.run();
