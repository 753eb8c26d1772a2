// Archiving and uploading side by side, with a real S3 server that goes away and comes back, and with kill -9 for archiver
// and uploader at seeded moments: in the end all that was acknowledged is in the archive and in S3, byte for byte.
//   FANOPS_SEGMENTS=1000 makes a campaign of it; without it, a representative part.
import * as assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { randomNumbers } from '../support/random-numbers.ts';
import { S3Server } from '../support/s3-server.ts';
import { BackupHost, ended, sidecarOf } from './backup-host.ts';
import { segmentName, segmentOf } from './wal-segments.ts';

const COUNT = Number(process.env.FANOPS_SEGMENTS ?? 60);
const SEED = Number(process.env.FANOPS_SEED ?? 20260129);
const BUCKET = 'fanatico-backups';
const test = suite(`${COUNT} segments, seed ${SEED}`);
let s3: S3Server;
let host: BackupHost;
test.before(async () => {
  s3 = await S3Server.start();
  s3.aws('s3', 'mb', `s3://${BUCKET}`);
  host = new BackupHost();
});
test.after(() => {
  host.remove();
  s3.remove();
});

const random = randomNumbers(SEED);

const settings = () => ({ ...host.s3(s3.endpoint, BUCKET), COMPRESSOR: 'igzip' });
const contentOf = (number: number) => segmentOf(segmentName(number), `${SEED} ${number}`);

/** Archives one segment as PostgreSQL does: again and again, until it is acknowledged. Now and then it is killed. */
async function archive(number: number): Promise<void> {
  const name = segmentName(number);
  const path = join(host.dir, name);
  writeFileSync(path, contentOf(number));
  for (let tries = 0; tries < 20; tries++) {
    const child = host.start('backup-wal.sh', [name, path], settings());
    const end = ended(child);
    if (tries === 0 && random() < 0.1) {
      await sleep(random() * 150);
      child.kill('SIGKILL');
    }
    if ((await end).status === 0) break;
    assert.ok(tries < 19, `${name} is never acknowledged`);
  }
  rmSync(path);
}

let archiving = true;

/** Uploads for as long as something is archived; some runs are killed. */
async function uploadMeanwhile(): Promise<void> {
  while (archiving) {
    const child = host.start('backup-upload.sh', [], settings());
    const end = ended(child);
    if (random() < 0.3) {
      await sleep(random() * 3000);
      child.kill('SIGKILL');
    }
    await end;
    await sleep(200);
  }
}

test('nothing that was acknowledged is lost, here or there, and nothing is written over', async () => {
  const uploads = uploadMeanwhile();
  const begun = Date.now();
  for (let number = 1; number <= COUNT; number++) {
    if (number === Math.floor(COUNT / 3)) s3.down();
    if (number === Math.floor((2 * COUNT) / 3)) s3.up();
    await archive(number);
  }
  const ms = (Date.now() - begun) / COUNT;
  archiving = false;
  await uploads;
  const ran = await host.run('backup-upload.sh', [], settings());
  assert.equal(ran.status, 0, ran.stderr);
  console.log(`  ${ms.toFixed(0)} ms a segment, kills, uploads and two stops of S3 included`);
  compare();
});

/** Archive and bucket hold every segment and nothing else; the sidecars name the very bytes, and what they were made of. */
function compare(): void {
  const there = join(host.dir, 'there');
  mkdirSync(there);
  s3.aws('s3', 'cp', '--recursive', '--only-show-errors', `s3://${BUCKET}/postgresql/wal/`, there);
  const here = host.walFiles();
  assert.equal(here.length, 2 * COUNT);
  assert.equal(readdirSync(there).length, 2 * COUNT);
  const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
  for (let number = 1; number <= COUNT; number++) {
    const name = segmentName(number);
    const bytes = readFileSync(join(there, `${name}.gz.enc`));
    const sidecar = readFileSync(join(there, `${name}.gz.enc.json`));
    assert.ok(bytes.equals(readFileSync(join(host.wal, `${name}.gz`))), name);
    assert.ok(sidecar.equals(readFileSync(join(host.wal, `${name}.gz.json`))), name);
    const fields = sidecarOf(sidecar.toString());
    assert.deepEqual([fields.sha256, fields.plain_sha256], [sum(bytes), sum(contentOf(number))], name);
  }
}

test.run();
