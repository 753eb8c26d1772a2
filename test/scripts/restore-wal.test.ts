// restore-wal.sh on the golden archive: delivered, absent and "not known" are three different things.
import * as assert from 'node:assert/strict';
import {
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { BackupHost, GOLDEN, PG_BIN, type Ran, run, type Settings } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';

const test = suite('restore-wal.sh');
const NINE = '000000010000000000000009';
const TEN = '00000001000000000000000A';
const HISTORY = '00000002.history';

let host: BackupHost;
let golden: Settings;
let target: string;
test.before.each(() => {
  host = new BackupHost();
  golden = host.takeGolden();
  mkdirSync(join(host.dir, 'data/pg_wal'), { recursive: true });
  target = join(host.dir, 'data/pg_wal/RECOVERYXLOG');
  host.own();
});
test.after.each(() => host.remove());

/** As PostgreSQL calls it: in the data directory, with a relative path. */
function restore(name: string, settings: Settings = {}, args: readonly string[] = []): Promise<Ran> {
  const all = { ...golden, PG_BIN, ...settings };
  return host.run('restore-wal.sh', [...args, name, 'pg_wal/RECOVERYXLOG'], all, join(host.dir, 'data'));
}

function plain(name: string): Buffer {
  const key = `file:${join(GOLDEN, 'backup.key')}`;
  const file = join(GOLDEN, `wal/${name}.gz`);
  return gunzipSync(run('openssl', ['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-pass', key, '-in', file]));
}

function ended(ran: Ran, status: number, reason = /^/): void {
  assert.equal(ran.status, status, ran.stderr);
  assert.match(ran.stderr, reason);
  const left = readdirSync(join(host.dir, 'data/pg_wal'));
  assert.deepEqual(left, status === 0 ? ['RECOVERYXLOG'] : []);
}

test('delivers a segment and a history file byte for byte', async () => {
  for (const name of [NINE, HISTORY]) {
    ended(await restore(name), 0);
    assert.equal(Buffer.compare(readFileSync(target), plain(name)), 0);
  }
});

test('whichever program compressed it, and without encryption', async () => {
  const other = new BackupHost();
  const settings = { ENCRYPTION: 'no', PG_BIN };
  const written: [string, string][] = [
    ['igzip', NINE],
    ['pigz', HISTORY],
    ['gzip', `${NINE}.00000028.backup`],
  ];
  try {
    for (const [compressor, name] of written) {
      const source = join(other.dir, name);
      const out = join(other.dir, 'state', name);
      writeFileSync(source, plain(name), { mode: 0o644 });
      const made = await other.run('backup-wal.sh', [name, source], { ...settings, COMPRESSOR: compressor });
      assert.equal(made.status, 0, made.stderr);
      const ran = await other.run('restore-wal.sh', [name, out], settings);
      assert.equal(ran.status, 0, ran.stderr);
      assert.equal(Buffer.compare(readFileSync(out), plain(name)), 0);
    }
  } finally {
    other.remove();
  }
});

test('1, the end of the WAL, only where an archive of this cluster does not hold the file', async () => {
  ended(await restore(TEN), 1);
  ended(await restore('00000003.history'), 1);
  rmSync(join(host.archive, 'CLUSTER.json'));
  ended(
    await restore(TEN),
    209,
    /none of the sources \(local gathered\) is an archive.*is its disk mounted\?/,
  );
  chmodSync(host.wal, 0);
  ended(await restore(TEN), 209, /cannot be looked into as postgres/);
  chmodSync(host.wal, 0o700);
});

const path = (name: string) => join(host.wal, name);
const flip = (name: string, at: number) => {
  const bytes = readFileSync(path(name));
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path(name), bytes);
};

/** What is done to the archive, and what becomes of a request for segment 9. */
const FAULTS: [string, () => void, number, RegExp, Settings?][] = [
  [
    'a flipped bit in the ciphertext',
    () => flip(`${NINE}.gz`, 9000),
    206,
    /sha256 is not the one in its sidecar/,
  ],
  ['a flipped bit in the sidecar', () => flip(`${NINE}.gz.json`, 60), 206, /./],
  ['a flipped bit in the HMAC', () => flip(`${NINE}.gz.json`, 660), 206, /the hmac does not fit/],
  [
    'a truncated file',
    () => truncateSync(path(`${NINE}.gz`), 9000),
    206,
    /has 9000 bytes, its sidecar says 16480/,
  ],
  ['an empty sidecar', () => truncateSync(path(`${NINE}.gz.json`)), 206, /expected schema/],
  ['a missing sidecar', () => rmSync(path(`${NINE}.gz.json`)), 210, /has no sidecar.*incomplete/],
  [
    'a missing file beside its sidecar',
    () => rmSync(path(`${NINE}.gz`)),
    210,
    /is gone, its sidecar is there/,
  ],
  [
    'another key',
    () => writeFileSync(host.key, `${'x'.repeat(44)}\n`),
    208,
    /made with the key 5db6b8841e8f9b64/,
  ],
  [
    'a key with Windows line ends',
    () => writeFileSync(host.key, `${'x'.repeat(44)}\r\n`),
    203,
    /Windows line ends/,
  ],
  ['an empty key', () => writeFileSync(host.key, '\n'), 203, /has 0 characters/],
  ['no key', () => rmSync(host.key), 203, /does not exist/],
  [
    'another cluster',
    () => undefined,
    211,
    /of the cluster "golden", not of other/,
    { CLUSTER_NAME: 'other' },
  ],
  ['no settings that are right', () => undefined, 203, /ENCRYPTION/, { ENCRYPTION: 'maybe' }],
];
for (const [what, spoil, status, reason, settings] of FAULTS)
  test(`${what} ends with ${status}, its own message, and nothing delivered`, async () => {
    spoil();
    ended(await restore(NINE, settings), status, reason);
  });

test('a segment of another system than the data directory is refused', async () => {
  mkdirSync(join(host.dir, 'data/global'));
  writeFileSync(join(host.dir, 'data/global/pg_control'), Buffer.alloc(8192, 7));
  ended(await restore(NINE), 211, /is of the system 7711173371281793642/);
});

test('what is spoilt here and whole in what was gathered is delivered', async () => {
  for (const node of ['db2', 'db3']) {
    mkdirSync(join(host.dir, 'state/gathered', node), { recursive: true });
    cpSync(host.wal, join(host.dir, 'state/gathered', node, 'wal'), { recursive: true });
  }
  flip(`${NINE}.gz`, 9000);
  truncateSync(join(host.dir, `state/gathered/db2/wal/${NINE}.gz`), 5);
  host.own();
  ended(await restore(NINE), 0);
  rmSync(target);
  ended(await restore(NINE, {}, ['--sources', 'local']), 206, /sha256/);
});

test('a full disk is said to be full', async () => {
  const wal = join(host.dir, 'data/pg_wal');
  run('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0700,uid=postgres,gid=postgres', 'tmpfs', wal]);
  try {
    ended(await restore(NINE), 207, /has no space for 16777216 bytes/);
  } finally {
    run('umount', [wal]);
  }
});

test('every program of the chain that fails stops PostgreSQL, and never looks like the end of the WAL', async () => {
  for (const program of ['openssl', 'igzip', 'stat', 'mv', 'od', 'id']) {
    host.linkPostgres();
    host.stub(program, 'exit 1');
    const ran = await restore(NINE, { PG_BIN: host.bin });
    if (program === 'id') assert.equal(ran.status, 0, ran.stderr);
    else assert.ok(ran.status !== null && ran.status >= 200, `${program}: ${ran.status} ${ran.stderr}`);
    host.unstub();
  }
});

test('wrong arguments are never the end of the WAL', async () => {
  for (const args of [[], ['a'], [NINE, 'b', 'c'], ['../x', 'y'], ['--sources']]) {
    const ran = await host.run('restore-wal.sh', args, golden);
    assert.equal(ran.status, 202, ran.stderr);
  }
});

test('S3: fetched in batches, one awscli for many segments, the next batch in the background', async () => {
  host.linkPostgres();
  const s3 = new DirectoryS3(host);
  s3.takeArchive();
  const settings = { ...s3.settings, PG_BIN: host.bin };
  ended(await restore(NINE, settings), 0);
  assert.equal(Buffer.compare(readFileSync(target), plain(NINE)), 0);
  rmSync(target);
  const before = s3.calls().filter((call) => call.includes('--recursive')).length;
  assert.match(s3.calls().find((call) => call.includes('--recursive')) ?? '', new RegExp(`${NINE}.*${TEN}`));
  ended(await restore(NINE, settings), 0);
  rmSync(target);
  assert.ok(before >= 1);
  ended(await restore(TEN, settings), 1);
  ended(await restore('00000003.history', settings), 1);
  ended(await restore(HISTORY, settings), 0);
});

test('S3 away, credentials refused, or another cluster there: not known, not absent', async () => {
  host.linkPostgres();
  const s3 = new DirectoryS3(host);
  s3.takeArchive();
  const settings = { ...s3.settings, PG_BIN: host.bin };
  host.stub('sleep', 'exit 0');
  s3.break('Could not connect to the endpoint URL: "http://127.0.0.1:1/"');
  ended(
    await restore(HISTORY, settings),
    209,
    /which does not mean that it does not exist.*Could not connect/,
  );
  assert.equal(s3.calls().length, 4);
  s3.break('An error occurred (InvalidAccessKeyId) when calling the ListObjectsV2 operation: Unknown');
  ended(await restore(HISTORY, settings), 209, /InvalidAccessKeyId/);
  assert.equal(s3.calls().length, 5);
  s3.break('');
  const founded = join(s3.dir, 'bucket/CLUSTER.json');
  renameSync(founded, `${founded}.away`);
  ended(await restore(HISTORY, settings), 209, /Key does not exist/);
  writeFileSync(founded, readFileSync(`${founded}.away`, 'utf8').replace('golden', 'another'));
  ended(await restore(HISTORY, settings), 211, /of the cluster "another"/);
});

test.run();
