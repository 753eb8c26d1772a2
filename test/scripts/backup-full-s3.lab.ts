// backup-full.sh --upload-s3 against a real S3 server.
import * as assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { S3Server } from '../support/s3-server.ts';
import { BackupHost, PG_BIN, type Ran, run } from './backup-host.ts';
import { PostgresServer } from './postgres-server.ts';

const BUCKET = 'fanatico-backups';
const test = suite('backup-full.sh --upload-s3');
let s3: S3Server;
let server: PostgresServer;
let host: BackupHost;
test.before(async () => {
  s3 = await S3Server.start();
  s3.aws('s3', 'mb', `s3://${BUCKET}`);
  server = new PostgresServer();
  host = new BackupHost();
});
test.after(() => {
  host.remove();
  server.remove();
  s3.remove();
});

function script(name: string, ...args: readonly string[]): Promise<Ran> {
  const settings = { ...server.settings, ...host.s3(s3.endpoint, BUCKET), S3_PREFIX: 'here', PG_BIN };
  return host.run(name, args, settings);
}

const fulls = () => readdirSync(host.full).filter((name) => /^full_.*gz$/.test(name));

test('is in S3 under the documented names, byte for byte, and its sum is right there', async () => {
  const ran = await script('backup-full.sh', '--upload-s3', '--verify');
  assert.equal(ran.status, 0, ran.stderr);
  const [name = ''] = fulls();
  const key = `here/postgresql/full/${name}.enc`;
  assert.deepEqual(s3.keys(BUCKET), ['here/CLUSTER.json', key, `${key}.json`, `${key}.sha256`]);
  for (const end of ['', '.json', '.sha256'])
    writeFileSync(join(host.dir, `${name}.enc${end}`), s3.object(BUCKET, key + end));
  run('sh', ['-c', `cd ${host.dir} && sha256sum -c --quiet ${name}.enc.sha256`]);
  assert.deepEqual(readFileSync(join(host.dir, `${name}.enc`)), readFileSync(join(host.full, name)));
});

test('S3 away: the backup is made and kept, and the upload alone is tried again', async () => {
  s3.down();
  await sleep(1000);
  const ran = await script('backup-full.sh', '--upload-s3');
  assert.match(ran.stderr, /is made and kept; the upload failed and is tried again by fanatico-upload.timer/);
  assert.equal(ran.status, 5, ran.stderr);
  s3.up();
  const uploaded = await script('backup-upload.sh');
  assert.equal(uploaded.status, 0, uploaded.stderr);
  assert.equal(fulls().length, 2);
  assert.equal(s3.keys(BUCKET).filter((key) => key.endsWith('.gz.enc')).length, 2);
});

test('a prefix of another cluster: the backup is made, nothing is uploaded, nothing changed there', async () => {
  writeFileSync(join(host.dir, 'theirs'), '{ "cluster": "another" }\n');
  s3.aws('s3', 'cp', join(host.dir, 'theirs'), `s3://${BUCKET}/here/CLUSTER.json`);
  const before = s3.keys(BUCKET);
  await sleep(1000);
  const ran = await script('backup-full.sh', '--upload-s3');
  assert.match(ran.stderr, /is of another cluster, system or key/);
  assert.equal(ran.status, 5, ran.stderr);
  assert.deepEqual(s3.keys(BUCKET), before);
});

test.run();
