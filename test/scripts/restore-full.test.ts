// restore-full.sh: backups taken under load come back as they were, to the end of the WAL.
import * as assert from 'node:assert/strict';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { run, sidecarOf } from './backup-host.ts';
import { succeeded } from './ran.ts';
import { postgres, RestoreSource } from './restore-source.ts';

const test = suite('restore-full.sh');

let source: RestoreSource;
let backup: string;
test.before(async () => {
  source = new RestoreSource();
  backup = await source.backupUnderLoad(500);
});
test.after(() => source.remove());
test.after.each(() => source.clear());

test('latest: every row that the WAL has, shut down cleanly, nothing of the recovery left', async () => {
  const ran = await source.restore(['latest']);
  succeeded(ran);
  assert.deepEqual(source.beside(), ['data']);
  assert.ok(!existsSync(source.marker));
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
  assert.deepEqual(source.beside(), ['data', 'disk']);
  assert.ok(existsSync(join(real, 'PG_VERSION')));
  assert.deepEqual(source.rowsOf(), source.rowsNow());
});

test('what the backup brings along of archiving, delays and standbys is silent in a copy beside the cluster', async () => {
  const conf = join(source.server.data, 'postgresql.conf');
  const own = readFileSync(conf, 'utf8');
  // Never read by the source itself: it goes on archiving.
  appendFileSync(
    conf,
    `archive_library = 'basic_archive'\nrecovery_min_apply_delay = '1h'\nsynchronous_standby_names = 'db2'\n` +
      `recovery_end_command = 'touch ${source.host.dir}/state/ended'\n`,
  );
  const name = await source.backup();
  writeFileSync(conf, own);
  source.server.sql("insert into ledger (filler) values ('later')");
  await source.archiveAll();
  const time = source.server.sql(
    'select max(pg_xact_commit_timestamp(xmin)) - interval $$1 us$$ from ledger',
  );
  const side = join(source.host.dir, 'pg/side');
  succeeded(await source.restore([name, '--pitr', time, '--target-dir', side]));
  source.whileOpen(side, (sql) => {
    for (const setting of ['archive_library', 'recovery_end_command', 'synchronous_standby_names'])
      assert.equal(sql(`show ${setting}`), '', setting);
    assert.equal(sql('show recovery_min_apply_delay'), '0');
    assert.equal(sql('select pg_promote()'), 't');
    sql("insert into ledger (filler) values ('waits for no standby')");
  });
  succeeded(await source.restore(['--finish', '--target-dir', side]));
  source.whileOpen(side, (sql) => {
    assert.equal(sql('show archive_library'), '');
    assert.equal(sql('show synchronous_standby_names'), '');
  });
  assert.ok(!existsSync(join(source.host.dir, 'state/ended')));
});

test('a restore to latest beside the cluster is opened on its own socket', async () => {
  const side = join(source.host.dir, 'pg/side');
  succeeded(await source.restore(['latest', '--target-dir', side]));
  source.whileOpen(side, (sql) => {
    const sockets = "select setting from pg_file_settings where name = 'unix_socket_directories'";
    assert.equal(sql(`${sockets} order by seqno desc limit 1`), side);
  });
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
