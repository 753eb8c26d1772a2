// restore-full.sh --pitr: exactly the rows committed by then, paused and silent, and handed over afterwards.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { randomNumbers } from '../support/random-numbers.ts';
import { sidecarOf } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { succeeded } from './ran.ts';
import { postgres, RestoreSource } from './restore-source.ts';

const POINTS = Number(process.env.FANOPS_PITR ?? 5);
const SEED = Number(process.env.FANOPS_SEED ?? 20260129);
const test = suite(`restore-full.sh --pitr, seed ${SEED}`);
const random = randomNumbers(SEED);

let source: RestoreSource;
let backup: string;
let begun: string;
let done: string;
let named: { readonly at: string; readonly lsn: string };
test.before(async () => {
  source = new RestoreSource();
  backup = await source.backupUnderLoad(2000, () => {
    const both = "select clock_timestamp(), pg_create_restore_point('before the mistake')";
    const [at = '', lsn = ''] = source.server.sql(both).split('|');
    named = { at, lsn };
  });
  begun = String(sidecarOf(readFileSync(join(source.host.full, `${backup}.json`), 'utf8')).ended_at);
  // PostgreSQL stops at a target only where a commit follows it.
  done = source.server.sql('select max(pg_xact_commit_timestamp(xmin)) from ledger');
});
test.after(() => source.remove());
test.after.each(() => source.clear());

for (let point = 1; point <= POINTS; point++)
  test(`--pitr ${point} of ${POINTS}: exactly the rows committed by then, paused, silent`, async () => {
    const time = source.timeBetween(begun, done, random());
    const data = join(source.host.dir, 'pg/side');
    succeeded(await source.restore([backup, '--pitr', time, '--target-dir', data]));
    assert.deepEqual(source.rowsOf(data), source.rowsAt(time), time);
  });

test('the scenario of the document: paused on pg_ctl start, promoted by hand, finished for Patroni', async () => {
  const time = source.timeBetween(begun, done, 0.5);
  mkdirSync(source.data);
  writeFileSync(join(source.data, 'old'), 'kept');
  source.host.own();
  succeeded(await source.restore([backup, '--pitr', time]));
  const [, aside = ''] = source.beside();
  assert.match(aside, /^data\.before-restore-\d{8}_\d{6}$/);
  assert.equal(readFileSync(join(source.host.dir, 'pg', aside, 'old'), 'utf8'), 'kept');
  assert.ok(existsSync(source.marker), 'Patroni could start');
  source.whileOpen(source.data, (sql) => {
    assert.equal(sql('select pg_is_in_recovery()'), 't');
    assert.match(sql('select pg_last_wal_replay_lsn()'), /^0\/[0-9A-F]+$/);
    assert.equal(sql('show listen_addresses'), '');
    const set = "select setting from pg_file_settings where name = 'archive_command' and applied";
    assert.equal(sql(set), '');
    assert.equal(sql('select pg_promote()'), 't');
    assert.equal(sql('select pg_is_in_recovery()'), 'f');
    sql("insert into ledger (filler) values ('after')");
  });
  const ran = await source.restore(['--finish']);
  succeeded(ran);
  assert.ok(!existsSync(source.marker));
  const expected = source.rowsAt(time);
  assert.deepEqual(source.rowsOf().count, expected.count + 1);
  assert.doesNotMatch(
    readFileSync(join(source.data, 'postgresql.auto.conf'), 'utf8'),
    /restore_command|bin.false/,
  );
});

test('--finish promotes what is still paused', async () => {
  const time = source.timeBetween(begun, done, 0.3);
  succeeded(await source.restore([backup, '--pitr', time, '--hold']));
  succeeded(await source.restore(['--finish', '--hold']));
  assert.ok(existsSync(source.marker), '--hold keeps it');
  assert.match(postgres('pg_controldata', '-D', source.data), /cluster state: +shut down\n/);
  assert.deepEqual(source.rowsOf(), source.rowsAt(time));
});

test('--target-name: the state of the restore point; of several targets one is taken', async () => {
  const data = join(source.host.dir, 'pg/side');
  const restored = await source.restore(['latest', '--target-name=before the mistake', '--target-dir', data]);
  succeeded(restored);
  // One writer commits all the time: between the clock's look and the restore point at most a few did.
  const [count, before] = [source.rowsOf(data).count, source.rowsAt(named.at).count];
  assert.ok(count >= before && count < before + 50, `${count} rows, ${before} a moment earlier`);
  const both = await source.restore(['latest', '--target-name', 'x', '--pitr', done, '--dry-run']);
  assert.equal(both.status, 2);
});

test('a restore point that is not there: 10, and says since when the WAL is looked through', async () => {
  const { status, stderr } = await source.restore([backup, '--target-name', 'before the', '--dry-run']);
  assert.equal(status, 10, stderr);
  assert.match(
    stderr,
    /the restore point "before the" is out of reach: it is not in the WAL after full_backup_/,
  );
});

test('an LSN before the end of every backup names the first of them', async () => {
  const { status, stderr } = await source.restore(['latest', '--target-lsn', '0/10000a', '--dry-run']);
  assert.equal(status, 10, stderr);
  assert.match(stderr, new RegExp(`none of the backups ended before 0/10000A: .* is ${backup}`));
});

test('what going back loses is counted, by time, place and name alike', async () => {
  const wanted = source.rowsNow().count - source.rowsAt(named.at).count;
  assert.ok(wanted > 100);
  for (const target of [
    `--pitr=${named.at}`,
    `--target-lsn=${named.lsn}`,
    '--target-name=before the mistake',
  ]) {
    const ran = await source.restore([backup, target, '--dry-run']);
    succeeded(ran);
    const lost = Number(
      /this loses (\d+) transactions that the WAL holds after the target/.exec(ran.stderr)?.[1],
    );
    assert.ok(lost > wanted - 50 && lost < wanted + 50, `${target}: ${lost}, ${wanted} rows`);
    assert.match(ran.stderr, /UTC \(0 h 00 min 0\d s\), and whatever is not archived yet/);
  }
  const beside = ['--target-dir', join(source.host.dir, 'pg/side')];
  const side = await source.restore([backup, `--pitr=${named.at}`, ...beside, '--dry-run']);
  succeeded(side);
  assert.doesNotMatch(side.stderr, /loses/, 'beside the cluster nothing is lost');
});

test('counted from S3, each segment comes once, and nothing is left running', async () => {
  for (let segment = 0; segment < 6; segment++) {
    source.server.sql("insert into ledger (filler) values ('one more segment')");
    await source.archiveAll();
  }
  const ahead = join(source.host.dir, 'state/ahead');
  source.host.stub('setsid', `touch ${ahead}`);
  const s3 = new DirectoryS3(source.host);
  const full = join(source.host.dir, 'full');
  cpSync(source.host.full, full, { recursive: true, verbatimSymlinks: true });
  const identity = readFileSync(join(source.host.archive, 'CLUSTER.json'));
  s3.takeArchive();
  rmSync(source.host.full, { recursive: true });
  renameSync(full, source.host.full);
  writeFileSync(join(source.host.archive, 'CLUSTER.json'), identity);
  source.host.own();
  const ran = await source.restore(
    [backup, `--pitr=${named.at}`, '--sources=local,s3', '--dry-run'],
    s3.settings,
  );
  succeeded(ran);
  assert.match(ran.stderr, /this loses \d+ transactions/);
  const asked = s3.calls().flatMap((call) => call.match(/\b[0-9A-F]{24}\.gz(?= )/g) ?? []);
  assert.ok(asked.length > 16, `${asked.length} segments`);
  assert.deepEqual(asked, [...new Set(asked)]);
  assert.ok(!existsSync(ahead));
});

test.run();
