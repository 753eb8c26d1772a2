// backup-upload.sh against a real S3 server: what arrives, what is refused, and that nothing is lost when S3 is away.
import * as assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { S3Server } from '../support/s3-server.ts';
import { BackupHost, type Ran, type Settings, sidecarOf } from './backup-host.ts';
import { refused } from './ran.ts';
import { segmentName, segmentOf } from './wal-segments.ts';

const test = suite('backup-upload.sh');
let s3: S3Server;
let host: BackupHost;
let buckets = 0;
let bucket: string;
test.before(async () => {
  s3 = await S3Server.start();
});
test.after(() => s3?.remove());
test.before.each(() => {
  host = new BackupHost();
  bucket = `bucket-${buckets++}`;
  s3.aws('s3', 'mb', `s3://${bucket}`);
});
test.after.each(() => host.remove());

function settings(more: Settings = {}): Settings {
  return { ...host.s3(s3.endpoint, bucket), ...more };
}

function upload(args: readonly string[] = [], more: Settings = {}): Promise<Ran> {
  return host.run('backup-upload.sh', args, settings(more));
}

async function archive(number: number, seed = '', more: Settings = {}): Promise<string> {
  const name = segmentName(number);
  const path = join(host.dir, name);
  writeFileSync(path, segmentOf(name, seed));
  const ran = await host.run('backup-wal.sh', [name, path], { COMPRESSOR: 'igzip', ...more });
  assert.equal(ran.status, 0, ran.stderr);
  return `${name}.gz`;
}

const keys = () => s3.keys(bucket);

test('what was archived is in S3 under its documented keys, byte for byte; once is enough', async () => {
  const names = [await archive(1), await archive(2), await archive(3)];
  assert.deepEqual(
    (await upload(['--dry-run'])).stdout.split('\n').filter(Boolean),
    names.map((name) => `wal/${name}`),
  );
  assert.deepEqual(keys(), []);
  const ran = await upload();
  assert.equal(ran.status, 0, ran.stderr);
  const wanted = names.flatMap((name) => [`postgresql/wal/${name}.enc`, `postgresql/wal/${name}.enc.json`]);
  assert.deepEqual(keys(), ['CLUSTER.json', ...wanted]);
  for (const name of names) {
    assert.deepEqual(s3.object(bucket, `postgresql/wal/${name}.enc`), readFileSync(join(host.wal, name)));
    assert.deepEqual(
      s3.object(bucket, `postgresql/wal/${name}.enc.json`),
      readFileSync(join(host.wal, `${name}.json`)),
    );
  }
  host.stub('aws', 'exit 99');
  const again = await upload();
  assert.equal(again.status, 0, again.stderr);
  assert.equal((await upload(['--dry-run'])).stdout, '');
});

test('after a rotation the prefix names the new key, once it is told, and takes what is written with it', async () => {
  await archive(1);
  assert.equal((await upload()).status, 0);
  writeFileSync(`${host.key}.next`, `${'fedcba9876543210'.repeat(2)}fedcba98765=\n`, { mode: 0o600 });
  host.own();
  for (const mode of ['prepare', 'switch'])
    assert.equal((await host.run('backup-rotate.sh', [mode], settings())).status, 0);
  const name = await archive(2);
  refused(await upload(), 5, /is of another cluster, system or key than/);
  for (let i = 0; i < 2; i++)
    assert.equal((await host.run('backup-rotate.sh', ['s3'], settings())).status, 0);
  assert.deepEqual(s3.object(bucket, 'CLUSTER.json'), readFileSync(join(host.archive, 'CLUSTER.json')));
  assert.equal((await upload()).status, 0);
  assert.ok(keys().includes(`postgresql/wal/${name}.enc.json`));
});

test('a prefix, and no encryption: the keys say so', async () => {
  const off = { ENCRYPTION: 'no', S3_PREFIX: 'a/b' };
  const name = await archive(1, '', off);
  const ran = await upload([], off);
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(keys(), [
    'a/b/CLUSTER.json',
    `a/b/postgresql/wal/${name}`,
    `a/b/postgresql/wal/${name}.json`,
  ]);
});

test('switched off, it does nothing and says so', async () => {
  await archive(1);
  const ran = await host.run('backup-upload.sh', [], {});
  assert.match(ran.stderr, /S3 is switched off/);
  assert.equal(ran.status, 0);
  assert.equal((await host.run('backup-upload.sh', ['--scheduled'], {})).stderr, '');
});

test('S3 away: nothing is lost, the next try waits longer, and when it is back all arrives', async () => {
  const name = await archive(1);
  s3.down();
  refused(await upload(), 5, /1 of what waits was not uploaded; all of it is kept here/);
  const paused = await upload(['--scheduled']);
  assert.deepEqual([paused.status, paused.stderr], [0, '']);
  const [failures, notBefore] = readFileSync(join(host.dir, 'state/upload-retry'), 'utf8')
    .split(' ')
    .map(Number);
  assert.equal(failures, 1);
  assert.ok((notBefore ?? 0) > Date.now() / 1000);
  const anHourAgo = Date.now() / 1000 - 3600;
  utimesSync(join(host.wal, `${name}.json`), anHourAgo, anHourAgo);
  refused(await upload(), 5, /ALARM: 1 wait for S3, the oldest for \d{4} s/);
  const state = JSON.parse(readFileSync(join(host.dir, 'state/upload-status.json'), 'utf8'));
  assert.deepEqual([state.pending, state.failures_in_a_row], [1, 2]);
  s3.up();
  const ran = await upload();
  assert.equal(ran.status, 0, ran.stderr);
  assert.ok(keys().includes(`postgresql/wal/${name}.enc.json`));
  assert.match(readFileSync(join(host.dir, 'state/upload-status.json'), 'utf8'), /"pending": 0/);
});

test('killed after the objects and before the marks, it finds them there and uploads none twice', async () => {
  await archive(1);
  assert.equal((await upload()).status, 0);
  rmSync(join(host.archive, 'uploaded'), { recursive: true });
  host.stub('aws', `printf '%s\\n' "$*" >>${host.dir}/state/calls`, 'exec /usr/bin/aws "$@"');
  const ran = await upload();
  assert.equal(ran.status, 0, ran.stderr);
  assert.doesNotMatch(readFileSync(join(host.dir, 'state/calls'), 'utf8'), /put-object|--recursive/);
});

test('an object that was uploaded without its sidecar is completed', async () => {
  const name = await archive(1);
  assert.equal((await upload()).status, 0);
  s3.aws('s3', 'rm', `s3://${bucket}/postgresql/wal/${name}.enc.json`);
  rmSync(join(host.archive, 'uploaded'), { recursive: true });
  assert.equal((await upload()).status, 0);
  assert.ok(keys().includes(`postgresql/wal/${name}.enc.json`));
});

test('the same WAL of another member counts; other WAL under its name is a conflict, and neither is touched', async () => {
  const one = await archive(1);
  const two = await archive(2);
  assert.equal((await upload()).status, 0);
  const before = s3.object(bucket, `postgresql/wal/${two}.enc`);
  // Another member: the same cluster and key, an archive of its own.
  for (const name of readdirSync(host.wal)) rmSync(join(host.wal, name));
  rmSync(join(host.archive, 'uploaded'), { recursive: true });
  await archive(1, '', { NODE_NAME: 'db2' });
  await archive(2, 'other', { NODE_NAME: 'db2' });
  const three = await archive(3, '', { NODE_NAME: 'db2' });
  refused(await upload(), 5, new RegExp(`CONFLICT: .*${two}.enc of db1 holds other WAL.*neither is touched`));
  assert.deepEqual(s3.object(bucket, `postgresql/wal/${two}.enc`), before);
  assert.deepEqual((await upload(['--dry-run'])).stdout, `wal/${two}\n`);
  assert.ok(keys().includes(`postgresql/wal/${three}.enc.json`));
  assert.equal(sidecarOf(s3.object(bucket, `postgresql/wal/${one}.enc.json`).toString()).node, 'db1');
});

test('what was damaged here is not uploaded, and what was damaged there is replaced', async () => {
  const one = await archive(1);
  const two = await archive(2);
  const path = join(host.wal, one);
  const good = readFileSync(path);
  const bad = Buffer.from(good);
  bad.writeUInt8(bad.readUInt8(100) ^ 1, 100);
  writeFileSync(path, bad);
  refused(await upload(), 5, new RegExp(`${one} is damaged`));
  assert.ok(!keys().includes(`postgresql/wal/${one}.enc`));
  assert.ok(keys().includes(`postgresql/wal/${two}.enc.json`));
  s3.aws('s3', 'cp', path, `s3://${bucket}/postgresql/wal/${one}.enc`);
  s3.aws('s3', 'cp', `${path}.json`, `s3://${bucket}/postgresql/wal/${one}.enc.json`);
  writeFileSync(path, good);
  const ran = await upload();
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(
    ran.stderr,
    /is damaged: its bytes are not those that its sidecar, of db1, names; replaced by/,
  );
  assert.deepEqual(s3.object(bucket, `postgresql/wal/${one}.enc`), good);
});

test('of two members that uploaded the same WAL at one moment, one mends what both have left', async () => {
  const one = await archive(1);
  const theirs = readFileSync(join(host.wal, one));
  for (const name of readdirSync(host.wal)) rmSync(join(host.wal, name));
  await archive(1, '', { NODE_NAME: 'db2' });
  writeFileSync(join(host.dir, 'theirs'), theirs);
  s3.aws('s3', 'cp', join(host.archive, 'CLUSTER.json'), `s3://${bucket}/CLUSTER.json`);
  s3.aws('s3', 'cp', join(host.dir, 'theirs'), `s3://${bucket}/postgresql/wal/${one}.enc`);
  s3.aws('s3', 'cp', join(host.wal, `${one}.json`), `s3://${bucket}/postgresql/wal/${one}.enc.json`);
  // Now as the third member, which has it, too.
  const sidecar = readFileSync(join(host.wal, `${one}.json`));
  for (const name of readdirSync(host.wal)) rmSync(join(host.wal, name));
  await archive(1, '', { NODE_NAME: 'db3' });
  const ran = await upload();
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(s3.object(bucket, `postgresql/wal/${one}.enc`), readFileSync(join(host.wal, one)));
  assert.notDeepEqual(s3.object(bucket, `postgresql/wal/${one}.enc.json`), sidecar);
  assert.equal((await upload(['--dry-run'])).stdout, '');
});

test('the prefix of another cluster is refused before anything is uploaded', async () => {
  await archive(1);
  writeFileSync(join(host.dir, 'theirs'), '{}\n');
  s3.aws('s3', 'cp', join(host.dir, 'theirs'), `s3://${bucket}/CLUSTER.json`);
  refused(await upload(), 5, /CLUSTER.json is of another cluster, system or key than .*nothing is uploaded/);
  assert.deepEqual(keys(), ['CLUSTER.json']);
});

test('backups without a CLUSTER.json are not founded over; those of a prefix below, or beside, are not in the way', async () => {
  await archive(1);
  assert.equal((await upload([], { S3_PREFIX: 'theirs' })).status, 0);
  assert.equal((await upload()).status, 0);
  s3.aws('s3', 'rm', `s3://${bucket}/CLUSTER.json`);
  await archive(2);
  const before = keys();
  refused(
    await upload(),
    5,
    /CLUSTER.json is not there, and backups are \(postgresql\/wal\/.*put it back: aws s3 cp/,
  );
  assert.deepEqual(keys(), before);
  s3.aws('s3', 'cp', join(host.archive, 'CLUSTER.json'), `s3://${bucket}/CLUSTER.json`);
  assert.equal((await upload()).status, 0);
});

test('wrong keys, a bucket that is not there: said, and nothing is marked', async () => {
  await archive(1);
  refused(await upload([], { S3_BUCKET: 'no-such-bucket' }), 5, /NoSuchBucket/);
  writeFileSync(
    join(host.dir, 'credentials'),
    '[default]\naws_access_key_id = testak\naws_secret_access_key = no\n',
  );
  refused(await upload(), 5, /cannot look at s3:.*403/);
  assert.ok(!existsSync(join(host.archive, 'uploaded', bucket)));
});

test('one run at a time; --only waits for its turn', async () => {
  const name = await archive(1);
  const lock = `${host.dir}/state/backup-upload.lock`;
  writeFileSync(lock, 'backup-upload.sh, pid 7, since then\n');
  host.own();
  let waiting: Promise<Ran> | undefined;
  await host.holding(lock, async () => {
    refused(await upload(), 4, /another run holds .* \(backup-upload.sh, pid 7, since then\)/);
    waiting = upload(['--only', join(host.wal, name)]);
    // It says nothing while it waits; a moment later it would have been refused.
    await sleep(300);
  });
  const ran = await waiting;
  assert.equal(ran?.status, 0, ran?.stderr);
});

test.run();
