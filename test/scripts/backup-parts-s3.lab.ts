// A full backup that goes to a real S3 server in parts, and comes back from there: with nothing left here, the restore is equal.
//   FANOPS_PARTS_MIB=300 makes a campaign of it, with the scripts as they are: they send more than 256 MiB in parts. Without it,
//   the limit is lowered in the scripts' copy, to what the first parts have.
import * as assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { S3Server } from '../support/s3-server.ts';
import { sidecarOf } from './backup-host.ts';
import { RestoreSource } from './restore-source.ts';

const MIB = Number(process.env.FANOPS_PARTS_MIB ?? 20);
const PART = 8 << 20;
const BUCKET = 'fanatico-backups';
const test = suite(`a full backup of ${MIB} MiB in parts`);
let s3: S3Server;
let source: RestoreSource;
test.before(async () => {
  s3 = await S3Server.start();
  s3.aws('s3', 'mb', `s3://${BUCKET}`);
  source = new RestoreSource();
  if (MIB <= 256) lowerLimit();
});
test.after(async () => {
  await source?.remove();
  s3?.remove();
});

function lowerLimit(): void {
  const file = join(source.host.dir, 'scripts/backup-s3.sh');
  const script = readFileSync(file, 'utf8');
  const lowered = script.replace('S3_SINGLE_BYTES=$((256 << 20))', 'S3_SINGLE_BYTES=$((8 << 20))');
  assert.notEqual(lowered, script);
  writeFileSync(file, lowered);
}

/** What nothing compresses; its WAL is in no archive, being older than the backup. */
async function fill(): Promise<void> {
  const archiving = source.server.sql('show archive_command');
  source.server.archiveWith('/bin/true');
  source.server.sql('create table big (filler bytea)');
  source.server.sql(
    `insert into big select pg_read_binary_file('/dev/urandom', 0, 1 << 20) from generate_series(1, ${MIB})`,
  );
  // Else autovacuum writes all of it into the WAL a second time.
  source.server.sql('vacuum (freeze) big');
  source.server.sql('checkpoint');
  source.server.sql('select pg_switch_wal()');
  const waiting = "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'";
  while (source.server.sql(waiting) !== '0') await sleep(50);
  source.server.archiveWith(archiving);
}

const SUM = "select count(*) || ' ' || md5(string_agg(md5(filler), '' order by md5(filler))) from big";

test('every part arrives, and from S3 alone the same database comes back, with what was written since', async () => {
  const settings = { ...source.settings, ...source.host.s3(s3.endpoint, BUCKET) };
  const script = async (name: string, ...args: readonly string[]) => {
    const ran = await source.host.run(name, args, settings);
    assert.equal(ran.status, 0, ran.stderr);
  };
  await fill();
  await script('backup-full.sh', '--upload-s3');
  source.server.sql("insert into big values ('since the backup')");
  await source.archiveAll();
  await script('backup-upload.sh');
  const wanted = source.server.sql(SUM);
  source.server.stop();

  const [key = '', ...more] = s3.keys(BUCKET).filter((one) => /full_backup_.*\.gz\.enc$/.test(one));
  assert.deepEqual(more, []);
  const { size } = sidecarOf(s3.object(BUCKET, `${key}.json`).toString());
  const query = ['--query', '[ContentLength, ETag]', '--output', 'text'];
  const seen = s3.aws('s3api', 'head-object', '--bucket', BUCKET, '--key', key, ...query);
  const parts = Math.ceil(Number(size) / PART);
  assert.ok(parts >= 3 && Number(size) > MIB << 20, `${size} bytes`);
  assert.match(seen, new RegExp(`^${size}\\s.*-${parts}"?\\s*$`));

  for (const name of ['full', 'wal', 'uploaded', 'CLUSTER.json'])
    rmSync(join(source.host.archive, name), { recursive: true });
  source.host.own();
  await script('restore-full.sh', 'latest', '--sources', 's3');
  assert.equal(source.ask(SUM), wanted);
  console.log(`  ${size} bytes in ${parts} parts`);
});

test.run();
