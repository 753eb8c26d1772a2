// backup-verify.sh against a real S3 server: what is whole there, and each thing that can be wrong with it.
import * as assert from 'node:assert/strict';
import { randomFillSync } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import { suite } from 'uvu';
import { S3Server } from '../support/s3-server.ts';
import { BackupHost, PG_BIN, type Ran, type Settings } from './backup-host.ts';
import { segmentOf } from './wal-segments.ts';

interface Result {
  readonly artefact: string;
  readonly check: string;
  readonly problem: string;
}

interface Report {
  readonly results: readonly Result[];
}

const BUCKET = 'fanatico-backups';
const ROOT = `s3://${BUCKET}/here/`;
const FULL = 'postgresql/full/full_backup_20261123_014927.tar.gz.enc';
const WAL = 'postgresql/wal';
const test = suite('backup-verify.sh and S3');
const isReport = new Ajv().compile<Report>(
  JSON.parse(readFileSync(new URL('../../docs/backup-report.schema.json', import.meta.url), 'utf8')),
);
let s3: S3Server;
let host: BackupHost;
let settings: Settings;

test.before(async () => {
  s3 = await S3Server.start();
  s3.aws('s3', 'mb', `s3://${BUCKET}`);
  host = new BackupHost();
  settings = { ...host.takeGolden(), ...host.s3(s3.endpoint, BUCKET), S3_PREFIX: 'here', PG_BIN };
  for (const place of ['09', '0A', '0B', '0C'])
    await archive(`0000000200000000000000${place}`, place === '0A');
  const uploaded = await host.run('backup-upload.sh', [], settings);
  assert.equal(uploaded.status, 0, uploaded.stderr);
});
test.after(() => {
  host?.remove();
  s3?.remove();
});

/** A segment of the golden archive's second timeline; what cannot be compressed is uploaded in parts. */
async function archive(name: string, isDense: boolean): Promise<void> {
  const bytes = segmentOf(name, name, 16 << 20);
  if (isDense) randomFillSync(bytes, 8192);
  writeFileSync(join(host.dir, name), bytes);
  const ran = await host.run('backup-wal.sh', [name, join(host.dir, name)], settings);
  assert.equal(ran.status, 0, ran.stderr);
}

/** What is said of S3, and the run. */
async function verify(...args: readonly string[]): Promise<{ ran: Ran; seen: Result[]; wrong: Result[] }> {
  const reports = join(host.dir, 'log/backup-reports');
  rmSync(reports, { recursive: true, force: true });
  const ran = await host.run('backup-verify.sh', args, settings);
  const [name = ''] = readdirSync(reports);
  const report: unknown = JSON.parse(readFileSync(join(reports, name), 'utf8'));
  if (!isReport(report)) throw new Error(JSON.stringify(isReport.errors));
  const seen = report.results.filter(({ artefact }) => artefact.startsWith('s3://'));
  return { ran, seen, wrong: seen.filter(({ problem }) => problem !== '') };
}

function put(key: string, bytes: Buffer | string): void {
  const file = join(host.dir, 'object');
  writeFileSync(file, bytes);
  s3.aws('s3', 'cp', file, ROOT + key);
}

function flipped(key: string): Buffer {
  const bytes = s3.object(BUCKET, `here/${key}`);
  bytes.writeUInt8(bytes.readUInt8(bytes.length - 20) ^ 1, bytes.length - 20);
  return bytes;
}

test('what does not fit into 8 MB is in parts', () => {
  const key = `here/${WAL}/00000002000000000000000A.gz.enc`;
  const query = ['--query', 'ETag', '--output', 'text'];
  assert.match(s3.aws('s3api', 'head-object', '--bucket', BUCKET, '--key', key, ...query), /-\d+"?\s*$/);
});

test('what was uploaded is whole: the prefix, the newest backup, each WAL file since, without a hole', async () => {
  for (const args of [[], ['--deep']]) {
    const { ran, seen, wrong } = await verify(...args);
    assert.equal(ran.status, 0, ran.stderr);
    assert.deepEqual(wrong, []);
    const of = (check: string) =>
      seen.filter((result) => result.check === check).map(({ artefact }) => artefact);
    assert.deepEqual(of('identity'), [`${ROOT}CLUSTER.json`]);
    assert.deepEqual(of('freshness'), [`${ROOT}postgresql/full/`]);
    const files = s3.keys(BUCKET).filter((key) => key.endsWith('.enc') && !key.includes('/config/'));
    assert.deepEqual(
      of('stored').sort(),
      files.map((key) => `s3://${BUCKET}/${key}`),
    );
    assert.deepEqual(of('chain'), [`${ROOT}${WAL}/`]);
  }
});

test('--local does not look there', async () => {
  const { ran, seen } = await verify('--local');
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(seen, []);
});

test('damaged, lost and forged objects are found, each under its own name', async () => {
  const names = ['000000010000000000000009', '000000020000000000000009', '00000002000000000000000A'];
  const [lost = '', forged = '', inParts = ''] = names.map((name) => `${WAL}/${name}.gz.enc`);
  put(FULL, flipped(FULL));
  s3.aws('s3', 'rm', `${ROOT}${lost}`);
  const sidecar = s3.object(BUCKET, `here/${forged}.json`).toString();
  put(`${forged}.json`, sidecar.replace(/"size": \d/, '"size": 9'));
  put(inParts, flipped(inParts));
  for (const end of ['', '.json']) s3.aws('s3', 'rm', `${ROOT}${WAL}/00000002000000000000000B.gz.enc${end}`);
  const { ran, wrong } = await verify();
  assert.equal(ran.status, 6, ran.stderr);
  const problem = (artefact: string, check: string) =>
    wrong.find((result) => result.artefact === ROOT + artefact && result.check === check)?.problem ?? '';
  assert.match(problem(FULL, 'stored'), /bytes are not those that its sidecar names/);
  assert.match(problem(lost, 'stored'), /its sidecar is there, and it is not; the next upload compares it/);
  assert.match(problem(forged, 'stored'), /the hmac does not fit/);
  assert.match(problem(inParts, 'stored'), /bytes are not those that its sidecar names/);
  assert.match(
    problem(`${WAL}/`, 'uploaded'),
    /1 files that were uploaded are gone, the first is 00000002000000000000000B/,
  );
  assert.match(problem(`${WAL}/`, 'chain'), /WAL is missing in S3/);
});

test('the object of one member and the sidecar of another are found where the WAL is, and the next upload mends them', async () => {
  const key = `${WAL}/00000002000000000000000C.gz.enc`;
  const other = new BackupHost();
  try {
    const theirs = { ...other.takeGolden(), NODE_NAME: 'db2' };
    const path = join(host.dir, '00000002000000000000000C');
    const ran = await other.run('backup-wal.sh', ['00000002000000000000000C', path], theirs);
    assert.equal(ran.status, 0, ran.stderr);
    put(`${key}.json`, readFileSync(join(other.wal, '00000002000000000000000C.gz.json')));
  } finally {
    other.remove();
  }
  const { wrong } = await verify();
  const [found] = wrong.filter(({ artefact }) => artefact === ROOT + key);
  assert.match(
    found?.problem ?? '',
    /its bytes are those that this node uploaded, and its sidecar is of db2: .* the next upload compares it/,
  );
  await host.run('backup-upload.sh', [], settings);
  for (const end of ['', '.json'])
    assert.deepEqual(
      s3.object(BUCKET, `here/${key}${end}`),
      readFileSync(join(host.wal, `00000002000000000000000C.gz${end}`)),
    );
});

test('a prefix of another cluster, and S3 out of reach, are problems of their own', async () => {
  put(
    'CLUSTER.json',
    s3
      .object(BUCKET, 'here/CLUSTER.json')
      .toString()
      .replace(/"key_id": "../, '"key_id": "00'),
  );
  const other = await verify();
  assert.deepEqual(
    other.wrong.map(({ check }) => check),
    ['identity'],
  );
  assert.match(other.wrong[0]?.problem ?? '', /is of another system or key/);
  s3.down();
  await sleep(1000);
  const away = await verify();
  assert.equal(away.ran.status, 6);
  assert.match(away.wrong[0]?.problem ?? '', /S3 does not give/);
});

test.run();
