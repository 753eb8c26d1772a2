// salvage-wal.sh on real servers: what a stopped server's pg_wal holds and no archive has is archived, and nothing that is not whole.
import * as assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { PG_BIN, type Ran, run } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';
import { RestoreSource } from './restore-source.ts';

const test = suite('salvage-wal.sh');
const RECOVERY = fileURLToPath(new URL('../../templates/recovery', import.meta.url));

let source: RestoreSource;
let replica: PostgresServer;
/** A replica of `replica`. */
let follower: PostgresServer | undefined;
/** Whole segments in the order in which they were written; the last has not reached the archive. */
let segments: string[];

test.before(async () => {
  source = new RestoreSource();
  for (const name of ['first-unarchived.sh', 'salvage-wal.sh']) {
    cpSync(join(RECOVERY, name), script(name));
    chmodSync(script(name), 0o755);
  }
  source.server.sql("alter system set wal_keep_size = '64MB'");
  source.server.sql('select pg_reload_conf()');
  replica = new PostgresServer(source.server, '--wal-segsize=1');
  await source.backup();
  segments = [];
  for (let i = 0; i < 4; i++) segments.push(await segment());
  source.server.archiveWith('/bin/false');
  source.server.sql("insert into ledger (filler) values ('x')");
  segments.push(source.server.sql('select pg_walfile_name(pg_switch_wal())'));
  source.server.sql("insert into ledger (filler) values ('in the unfinished one')");
  await streamed(source.server.sql('select pg_current_wal_flush_lsn()'));
  for (const server of [replica, source.server]) server.stop('immediate');
});
test.after(() => {
  follower?.remove();
  replica.remove();
  return source.remove();
});

async function segment(): Promise<string> {
  source.server.sql("insert into ledger (filler) values ('x')");
  const name = source.server.sql('select pg_walfile_name(pg_current_wal_lsn())');
  await source.archiveAll();
  return name;
}

async function streamed(lsn: string, to = replica): Promise<void> {
  for (let i = 0; i < 2400; i++) {
    if (to.sql(`select pg_last_wal_receive_lsn() >= '${lsn}'`) === 't') return;
    await sleep(50);
  }
  assert.fail(`${lsn} was not received within two minutes`);
}

const script = (name: string): string => join(source.host.dir, name);
const archived = (name: string): boolean => existsSync(join(source.host.wal, `${name}.gz.json`));

async function from(): Promise<string> {
  const ran = await source.host.run(script('first-unarchived.sh'), [source.host.archive, '/nowhere']);
  assert.equal(ran.status, 0, ran.stderr);
  return ran.stdout;
}

async function salvage(data: string, marker = '/nowhere'): Promise<Ran> {
  const backupWal = join(source.host.dir, 'scripts/backup-wal.sh');
  return source.host.run(script('salvage-wal.sh'), [data, backupWal, marker, await from()], source.settings);
}

function lose(name: string): void {
  for (const suffix of ['.gz', '.gz.json']) rmSync(join(source.host.wal, name + suffix), { force: true });
}

/** The sha256 of an archived segment's content, as its sidecar has it. */
function contentOf(name: string): string {
  return JSON.parse(readFileSync(join(source.host.wal, `${name}.gz.json`), 'utf8')).plain_sha256;
}

const control = (server: PostgresServer): string =>
  run(join(PG_BIN, 'pg_controldata'), ['-D', server.data]).toString();
const status = (server: PostgresServer, name: string): string =>
  ['ready', 'done'].find((mark) => existsSync(join(server.data, `pg_wal/archive_status/${name}.${mark}`))) ??
  '';

test('the first segment that no archive has is found, also where it is a hole', async () => {
  assert.equal(await from(), segments[4]);
  const [, hole = ''] = segments;
  const stored = join(source.host.wal, `${hole}.gz`);
  renameSync(stored, `${stored}.lost`);
  assert.equal(await from(), hole, 'a sidecar alone is no segment');
  renameSync(`${stored}.lost`, stored);
  assert.equal(await from(), segments[4]);
  lose(hole);
  assert.equal(await from(), hole);
});

test('of a full backup, too, a sidecar alone says nothing', async () => {
  const { full } = source.host;
  const [sidecar = ''] = readdirSync(full).filter((name) => name.endsWith('.tar.gz.json'));
  const later = join(full, 'full_backup_29990101_000000.tar.gz.json');
  const begin = readFileSync(join(full, sidecar), 'utf8').replace(
    /("first_wal": ")[0-9A-F]{24}/,
    `$1${segments[3]}`,
  );
  writeFileSync(later, begin);
  assert.equal(await from(), segments[1]);
  writeFileSync(later.replace(/\.json$/, ''), '');
  assert.equal(await from(), segments[4]);
  for (const path of [later, later.replace(/\.json$/, '')]) rmSync(path);
});

test('what a replica had streamed is archived from there, byte for byte; the unfinished segment stays', async () => {
  const [, hole = '', , , last = ''] = segments;
  assert.equal(status(replica, hole), 'done');
  assert.equal(status(replica, last), 'done');
  const { status: code, stdout, stderr } = await salvage(replica.data);
  assert.equal(code, 0, stderr);
  assert.ok(archived(hole) && archived(last));
  assert.match(stdout, /^0{7}1[0-9A-F]{16} is not whole, and stays in .*\/pg_wal$/m);
  assert.equal((stdout.match(/is not whole/g) ?? []).length, 1, stdout);
  const before = [contentOf(hole), contentOf(last)];
  lose(hole);
  lose(last);
  // The leader's own, which waits for the archiver or is said to be there.
  const leaders = await salvage(source.server.data);
  assert.equal(leaders.status, 0, leaders.stderr);
  assert.deepEqual([contentOf(hole), contentOf(last)], before);
  assert.equal(status(source.server, last), 'done');
});

test('nothing is taken from a directory that was restored since the marker was raised', async () => {
  const [, , lost = ''] = segments;
  lose(lost);
  const marker = join(source.host.dir, 'marker');
  writeFileSync(marker, '');
  await sleep(20);
  writeFileSync(join(replica.data, 'touched'), '');
  const { stdout } = await salvage(replica.data, marker);
  assert.match(stdout, /was restored since .* nothing of it is archived/);
  assert.ok(!archived(lost));
});

test('where the archive holds something else under the name, it stops', async () => {
  const [, , lost = '', other = ''] = segments;
  const stored = join(source.host.wal, `${other}.gz`);
  cpSync(stored, `${stored}.kept`);
  writeFileSync(stored, 'something else');
  const { status: code, stderr } = await salvage(replica.data);
  assert.equal(code, 1, stderr);
  assert.match(stderr, new RegExp(`${other}.gz is damaged`));
  assert.ok(archived(lost), 'what came before it is safe');
  cpSync(`${stored}.kept`, stored);
});

test('where a timeline was left, its half segment is not archived as a whole one, and what lies before it is', async () => {
  const last = segments.at(-1) ?? '';
  lose(last);
  replica.start();
  follower = new PostgresServer(replica);
  replica.sql("alter system set archive_command = '/bin/false'");
  replica.sql('select pg_reload_conf()');
  replica.sql('select pg_promote()');
  const fork = replica.sql("select '00000001' || substr(pg_walfile_name(pg_current_wal_lsn()), 9)");
  replica.sql("insert into ledger (filler) values ('on timeline 2')");
  const whole = replica.sql('select pg_walfile_name(pg_switch_wal())');
  replica.sql("insert into ledger (filler) values ('in the unfinished one')");
  await streamed(replica.sql('select pg_current_wal_flush_lsn()'), follower);
  for (const server of [follower, replica]) server.stop('immediate');
  const { status: code, stderr } = await salvage(replica.data);
  assert.equal(code, 0, stderr);
  assert.ok(archived(last), last);
  assert.match(whole, /^00000002/);
  assert.ok(archived(whole) && existsSync(join(source.host.wal, '00000002.history.gz.json')));
  assert.ok(!archived(fork), fork);
  // The leader that was left has archived beyond that place: that says nothing of the segment that took its place.
  assert.equal(whole.slice(8), fork.slice(8));
  const leaders = join(source.host.wal, `${fork}.gz`);
  writeFileSync(leaders, "the leader's");
  writeFileSync(`${leaders}.json`, '{}');
  lose(whole);
  const again = await salvage(replica.data);
  assert.equal(again.status, 0, again.stderr);
  assert.ok(archived(whole));
  assert.equal(readFileSync(leaders, 'utf8'), "the leader's");
  // A replica that has followed it, and whose control file has not noticed yet.
  lose(whole);
  assert.match(control(follower), /^Latest checkpoint's TimeLineID: +1$/m);
  const followed = await salvage(follower.data);
  assert.equal(followed.status, 0, followed.stderr);
  assert.ok(archived(whole), followed.stdout);
  assert.equal(readFileSync(leaders, 'utf8'), "the leader's");
});

test.run();
