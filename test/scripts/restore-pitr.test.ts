// restore-full.sh --pitr: exactly the rows committed by then, paused and silent, and handed over afterwards.
import * as assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { type Ran, sidecarOf } from './backup-host.ts';
import { postgres, RestoreSource } from './restore-source.ts';

const test = suite('restore-full.sh --pitr');
const POINTS = Number(process.env.FANOPS_PITR ?? 5);

let source: RestoreSource;
let backup: string;
let begun: string;
let done: string;
test.before(async () => {
  source = new RestoreSource();
  source.startLoad();
  await sleep(500);
  backup = await source.backup();
  begun = String(sidecarOf(readFileSync(join(source.host.full, `${backup}.json`), 'utf8')).ended_at);
  await sleep(2000);
  done = source.now();
  await sleep(100);
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

for (let point = 1; point <= POINTS; point++)
  test(`--pitr ${point} of ${POINTS}: exactly the rows committed by then, paused, silent`, async () => {
    const time = source.timeBetween(begun, done, Math.random());
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
  const [, aside = ''] = beside();
  assert.match(aside, /^data\.before-restore-\d{8}_\d{6}$/);
  assert.equal(readFileSync(join(source.host.dir, 'pg', aside, 'old'), 'utf8'), 'kept');
  assert.ok(existsSync(marker()), 'Patroni could start');
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
  assert.ok(!existsSync(marker()));
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
  assert.ok(existsSync(marker()), '--hold keeps it');
  assert.match(postgres('pg_controldata', '-D', source.data), /cluster state: +shut down\n/);
  assert.deepEqual(source.rowsOf(), source.rowsAt(time));
});

test.run();
