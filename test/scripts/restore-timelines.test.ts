// A failover between backup and target, on real servers: the leader dies with WAL that it never archived, its replica is promoted.
// What the replica held is archived by backup-heal.sh, and restores follow from one timeline to the next.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { type Ran, sidecarOf } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';
import { refused, succeeded } from './ran.ts';
import { postgres, RestoreSource } from './restore-source.ts';

const test = suite('restore-full.sh after a failover');
const HISTORY = '00000002.history.gz';

let source: RestoreSource;
/** Led by `source.server` first, by this one since. */
let promoted: PostgresServer;
const backups = { leader: '', replica: '' };
const times = { before: '', abandoned: '', after: '' };

const insert = (filler: string, server = source.server): string =>
  server.sql(`insert into ledger (filler) values ('${filler}') returning pg_current_wal_insert_lsn()`);
const fulls = (): string[] => source.host.stored('full').filter((name) => /^full.*\.tar\.gz$/.test(name));
const heal = (...args: string[]): Promise<Ran> =>
  source.host.run('backup-heal.sh', args, { ...source.settings, ...promoted.settings });

test.before(async () => {
  source = new RestoreSource();
  source.server.sql("alter system set wal_keep_size = '64MB'");
  source.server.sql('select pg_reload_conf()');
  backups.leader = await source.backup();
  promoted = new PostgresServer(source.server);
  insert('archived by the leader');
  await source.archiveAll();
  times.before = source.now();
  insert('after that moment');
  await source.archiveAll();
  await replayed();
  backups.replica = await backupOnReplica();
  source.server.archiveWith('/bin/false');
  for (const filler of ['never archived by the leader', 'nor this one']) {
    insert(filler);
    source.server.sql('select pg_switch_wal()');
  }
  insert('in the segment in which the timeline ends');
  await replayed();
  promoted.stop();
  insert('what the new leader never had');
  times.abandoned = source.now();
  source.server.stop('immediate');
  promoted.start();
  assert.equal(promoted.sql('select pg_promote()'), 't');
  insert('on the new timeline', promoted);
  times.after = promoted.sql('select clock_timestamp()');
  insert('and after that moment', promoted);
  await source.archiveAll(promoted);
});
test.after(async () => {
  promoted.remove();
  await source.remove();
});
test.after.each(() => source.clear());

/** The replica holds everything that the leader has committed. */
async function replayed(): Promise<void> {
  const lsn = source.server.sql('select pg_current_wal_lsn()');
  while (promoted.sql(`select pg_last_wal_replay_lsn() >= '${lsn}'`) !== 't') await sleep(20);
}

async function backupOnReplica(): Promise<string> {
  const settings = { ...source.settings, ...promoted.settings, NODE_NAME: 'db2' };
  const ran = succeeded(await source.host.run('backup-full.sh', ['--here', '--verify'], settings));
  return /\] info: (full_backup_\S+\.tar\.gz): stored/.exec(ran.stderr)?.[1] ?? assert.fail(ran.stderr);
}

test('what the leader never archived is missing: latest refuses, and names the segment', async () => {
  refused(await source.restore([backups.leader]), 10, /WAL is missing: 00000001\w{16}, before 0000000[12]/);
});

test('backup-heal.sh archives it from the new leader, and makes no new backup', async () => {
  const before = fulls();
  const missing = succeeded(await heal('--dry-run')).stdout.match(/(?<=^missing: )\w+$/gm) ?? [];
  assert.equal(missing.length, 2, missing.join());
  const { stderr } = succeeded(await heal());
  for (const segment of missing) assert.match(stderr, new RegExp(`${segment}: archived from pg_wal`));
  assert.deepEqual(fulls(), before);
  assert.equal(succeeded(await heal()).stderr, '');
});

for (const role of ['leader', 'replica'] as const)
  test(`a backup of the ${role} is restored over the switch, to the last row`, async () => {
    const sidecar = sidecarOf(readFileSync(join(source.host.full, `${backups[role]}.json`), 'utf8'));
    assert.deepEqual([sidecar.role, sidecar.timeline], [role, 1]);
    const ran = succeeded(await source.restore([backups[role]]));
    assert.match(ran.stderr, /over timeline 1 2$/m);
    for (const name of ['standby.signal', 'recovery.signal'])
      assert.ok(!existsSync(join(source.data, name)), name);
    assert.doesNotMatch(readFileSync(join(source.data, 'postgresql.auto.conf'), 'utf8'), /primary_conninfo/);
    assert.match(postgres('pg_controldata', '-D', source.data), /Latest checkpoint's TimeLineID: +3\n/);
    assert.deepEqual(source.rowsOf(), source.rowsNow(promoted));
  });

for (const when of ['before', 'after'] as const)
  test(`--pitr to a moment ${when} the switch`, async () => {
    const data = join(source.host.dir, 'pg/side');
    succeeded(await source.restore([backups.leader, '--pitr', times[when], '--target-dir', data]));
    assert.deepEqual(source.rowsOf(data), source.rowsAt(times[when], promoted));
  });

/** Does something while the history file is not in the archive. */
async function withoutHistory(work: (away: string) => Promise<void>): Promise<void> {
  const away = join(source.host.dir, 'away');
  mkdirSync(away, { recursive: true });
  for (const end of ['', '.json'])
    renameSync(join(source.host.wal, HISTORY + end), join(away, HISTORY + end));
  try {
    await work(away);
  } finally {
    for (const end of ['', '.json'])
      renameSync(join(away, HISTORY + end), join(source.host.wal, HISTORY + end));
  }
}

test('without the history file nothing is restored: it is named, for latest and for a moment', async () => {
  await withoutHistory(async () => {
    const reason = /no 00000002\.history: what timeline 2 left behind would come back/;
    refused(await source.restore([backups.leader]), 10, reason);
    refused(await source.restore([backups.leader, '--pitr', times.after]), 10, reason);
    const own = succeeded(await source.restore([backups.leader, '--timeline', 'current']));
    assert.match(own.stderr, /over timeline 1$/m);
  });
});

test('a history file that only another node had is taken from what was gathered', async () => {
  await withoutHistory(async (away) => {
    const gathered = join(source.host.dir, 'state/gathered/db2');
    cpSync(away, join(gathered, 'wal'), { recursive: true });
    cpSync(join(source.host.archive, 'CLUSTER.json'), join(gathered, 'CLUSTER.json'));
    source.host.own();
    succeeded(await source.restore([backups.leader]));
    rmSync(join(source.host.dir, 'state/gathered'), { recursive: true });
    assert.deepEqual(source.rowsOf(), source.rowsNow(promoted));
  });
});

test('a moment that only the timeline left behind knows has to be told apart by its number', async () => {
  source.server.start();
  source.server.archiveWith(promoted.sql('show archive_command'));
  insert('later, where it went on');
  await source.archiveAll();
  const pitr = [backups.leader, '--pitr', times.abandoned];
  const reason = /ambiguous: timeline 2 has left timeline 1 .*--timeline 1 .*--timeline 2 /;
  refused(await source.restore(pitr), 10, reason);
  const data = join(source.host.dir, 'pg/side');
  for (const [timeline, server] of [
    ['1', source.server],
    ['2', promoted],
  ] as const) {
    succeeded(await source.restore([...pitr, '--timeline', timeline, '--target-dir', data]));
    assert.deepEqual(source.rowsOf(data), source.rowsAt(times.abandoned, server));
    source.clear();
  }
  assert.notDeepEqual(source.rowsAt(times.abandoned), source.rowsAt(times.abandoned, promoted));
  succeeded(await source.restore([backups.leader, '--pitr', times.after]));
});

test('latest leaves out what --timeline cannot come from; by its name it is refused', async () => {
  const settings = { ...source.settings, ...promoted.settings };
  succeeded(await source.host.run('backup-full.sh', ['--verify'], settings));
  const newest = fulls().at(-1) ?? '';
  const data = join(source.host.dir, 'pg/side');
  const toOne = ['--timeline', '1', '--target-dir', data, '--dry-run'];
  const ran = succeeded(await source.restore(['latest', ...toOne]));
  assert.match(ran.stderr, new RegExp(`${newest} is left out: it is of timeline 2, .*`));
  assert.match(ran.stderr, /over timeline 1$/m);
  refused(await source.restore([newest, ...toOne]), 10, /timeline 1 does not descend from timeline 2/);
});

test.run();
