// restore-full.sh: backups taken under load come back as they were, to the end of the WAL.
import * as assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { type Ran, run, sidecarOf } from './backup-host.ts';
import { postgres, RestoreSource } from './restore-source.ts';

const test = suite('restore-full.sh');

let source: RestoreSource;
let backup: string;
test.before(async () => {
  source = new RestoreSource();
  source.startLoad();
  await sleep(500);
  backup = await source.backup();
  await sleep(500);
  await source.stopLoad();
  await source.archiveAll();
});
test.after(() => source.remove());
test.after.each(() => {
  rmSync(join(source.host.dir, 'pg'), { recursive: true, force: true });
  mkdirSync(join(source.host.dir, 'pg'));
  rmSync(marker(), { force: true });
  source.host.own();
});

const marker = () => join(source.host.dir, 'state/restore-in-progress');

function succeeded(ran: Ran): void {
  assert.equal(ran.status, 0, ran.stderr);
}

/** Under a final name there is a whole data directory, or none; and nothing else of ours beside it. */
function beside(): string[] {
  return readdirSync(join(source.host.dir, 'pg')).sort();
}

test('latest: every row that the WAL has, shut down cleanly, nothing of the recovery left', async () => {
  const ran = await source.restore(['latest']);
  succeeded(ran);
  assert.deepEqual(beside(), ['data']);
  assert.ok(!existsSync(marker()));
  const control = postgres('pg_controldata', '-D', source.data);
  assert.match(control, /Database cluster state: +shut down\n/);
  assert.match(control, /Latest checkpoint's TimeLineID: +2\n/);
  for (const name of ['recovery.signal', 'standby.signal', 'postmaster.pid', 'postmaster.opts'])
    assert.ok(!existsSync(join(source.data, name)), name);
  const auto = readFileSync(join(source.data, 'postgresql.auto.conf'), 'utf8');
  assert.doesNotMatch(auto, /restore_command|recovery_target|bin.false/);
  assert.match(auto, /archive_command = .*backup-wal/);
  assert.ok(!readdirSync(source.host.wal).some((name) => name.startsWith('00000002')), 'archived too early');
  assert.deepEqual(source.rowsOf(), source.rowsNow());
});

test('without WAL: the state at the end of the backup, and it says so', async () => {
  renameSync(source.host.wal, `${source.host.wal}.away`);
  mkdirSync(source.host.wal);
  source.host.own();
  try {
    const ran = await source.restore(['latest']);
    succeeded(ran);
    assert.match(ran.stderr, /there is no WAL after the backup/);
  } finally {
    rmSync(source.host.wal, { recursive: true });
    renameSync(`${source.host.wal}.away`, source.host.wal);
  }
  const found = source.rowsOf();
  const sidecar = sidecarOf(readFileSync(join(source.host.full, `${backup}.json`), 'utf8'));
  assert.ok(found.last >= source.rowsAt(String(sidecar.started_at)).last);
  assert.ok(found.last <= source.rowsAt(String(sidecar.ended_at)).last);
  assert.equal(found.count, found.last, 'the ledger has a hole');
});

test('a data directory behind a link stays behind it', async () => {
  const real = join(source.host.dir, 'pg/disk/data');
  mkdirSync(real, { recursive: true });
  run('ln', ['-s', real, source.data]);
  source.host.own();
  succeeded(await source.restore(['latest']));
  assert.deepEqual(beside(), ['data', 'disk']);
  assert.ok(existsSync(join(real, 'PG_VERSION')));
  assert.deepEqual(source.rowsOf(), source.rowsNow());
});

test('limits that were raised after the backup are raised for the recovery', async () => {
  source.server.sql('alter system set max_connections = 130');
  source.server.stop();
  source.server.start();
  source.server.sql("insert into ledger (filler) values ('more')");
  await source.archiveAll();
  const ran = await source.restore(['latest', '--target-dir', join(source.host.dir, 'pg/side')]);
  succeeded(ran);
  assert.match(ran.stderr, /max_connections was raised to 130/);
});

test.run();
