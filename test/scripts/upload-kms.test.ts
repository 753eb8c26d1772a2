// Uploads to a bucket that a key of KMS encrypts: no ETag is an MD5, so that an object is known by its bytes only.
import * as assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { BackupHost } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { refused, succeeded } from './ran.ts';
import { segmentName, segmentOf } from './wal-segments.ts';

const test = suite('uploads to a bucket with a key of KMS');

let host: BackupHost;
let s3: DirectoryS3;
test.before.each(() => {
  host = new BackupHost();
  s3 = new DirectoryS3(host);
  host.own();
});
test.after.each(() => host.remove());

async function archive(number: number): Promise<string> {
  const name = segmentName(number);
  writeFileSync(join(host.dir, name), segmentOf(name));
  succeeded(await host.run('backup-wal.sh', [name, join(host.dir, name)]));
  return `${name}.gz`;
}

const upload = () => host.run('backup-upload.sh', [], s3.settings);
const object = (name: string): string => join(s3.dir, 'bucket/postgresql/wal', `${name}.enc`);
/** How many calls of awscli look like this. */
const calls = (kind: RegExp): number => s3.calls().filter((call) => kind.test(call)).length;

function holds(name: string): void {
  for (const ending of ['', '.json'])
    assert.deepEqual(readFileSync(object(name) + ending), readFileSync(join(host.wal, name + ending)));
}

test('objects and sidecars are there after one run, each object read back once, none sent twice', async () => {
  const names = [await archive(1), await archive(2)];
  const { stderr } = succeeded(await upload());
  for (const name of names) holds(name);
  assert.match(stderr, /2 uploaded to .*, 0 wait/);
  assert.equal(calls(/ s3 cp .*gz\.enc -$/), 2);
  assert.equal(calls(/put-object .*\/wal\//), 0);
});

test('our own object that could not be read back at first gets its sidecar, and is not sent again', async () => {
  const name = await archive(1);
  const once = join(host.dir, 'state/once');
  const real = readFileSync(join(host.bin, 'aws'), 'utf8').split('\n').slice(1);
  host.stub(
    'aws',
    `if [[ "$*" == *'s3 cp '*'.gz.enc -' && ! -e ${once} ]]; then touch ${once}; echo 'connect timeout' >&2; exit 1; fi`,
    ...real,
  );
  host.own();
  succeeded(await upload());
  assert.ok(existsSync(once));
  holds(name);
  assert.equal(calls(/put-object .*gz\.enc --body/), 0);
});

test("another member's object of the same size gets no sidecar of ours", async () => {
  const name = await archive(1);
  const theirs = Buffer.from(readFileSync(join(host.wal, name)).map((byte) => byte ^ 1));
  mkdirSync(join(s3.dir, 'bucket/postgresql/wal'), { recursive: true });
  writeFileSync(join(s3.dir, 'bucket/CLUSTER.json'), readFileSync(join(host.archive, 'CLUSTER.json')));
  writeFileSync(object(name), theirs);
  host.own();
  refused(await upload(), 5, /is of another member, which has not put its sidecar yet/);
  assert.deepEqual(readFileSync(object(name)), theirs);
  assert.equal(existsSync(`${object(name)}.json`), false);
});

test.run();
