// templates/recovery/take-writes.sh against real servers: one that takes writes, one in recovery, one whose commits wait for nobody.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { PostgresServer } from './postgres-server.ts';

const test = suite('take-writes.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/recovery/take-writes.sh', import.meta.url));

let programs: string;
let leader: PostgresServer;
let replica: PostgresServer;

test.before(() => {
  programs = mkdtempSync(join(tmpdir(), 'fanops-take-writes-'));
  writeFileSync(join(programs, 'timeout'), '#!/bin/sh\nshift\nexec /usr/bin/timeout 2 "$@"\n', {
    mode: 0o755,
  });
  leader = new PostgresServer();
  replica = new PostgresServer(leader);
});
test.after(() => {
  replica?.remove();
  leader?.remove();
  rmSync(programs, { recursive: true });
});

function takeWrites({ dir }: PostgresServer): { status: number | null; stdout: string; stderr: string } {
  const env = { PATH: `${programs}:/usr/bin:/bin`, PGHOST: dir, PGPORT: '5499', PGUSER: 'postgres' };
  return spawnSync('bash', [SCRIPT], { encoding: 'utf8', env });
}

test('one that leads takes writes', () => {
  const { status, stdout, stderr } = takeWrites(leader);
  assert.deepEqual([status, stdout], [0, 'it takes writes\n'], stderr);
});

test('one that is not promoted does not, and that is what it says', () => {
  const { status, stderr } = takeWrites(replica);
  assert.equal(status, 1);
  assert.match(stderr, /in recovery, and not promoted/);
  assert.doesNotMatch(stderr, /standby/);
});

test('one whose commits wait for a standby that is not there says for whom', () => {
  leader.sql("alter system set synchronous_standby_names = 'nobody'");
  leader.sql('select pg_reload_conf()');
  const { status, stderr } = takeWrites(leader);
  assert.equal(status, 1);
  assert.match(stderr, /no commit within 30 s: .* synchronous_standby_names is "nobody"/);
});

test.run();
