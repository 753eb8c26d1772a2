// backup-wal.sh without a server: what it takes, what it refuses, and what is left when it is killed or the disk is full.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { BackupHost, ended, GOLDEN, type Ran, run, type Settings, sidecarOf } from './backup-host.ts';
import { refused, succeeded } from './ran.ts';

const test = suite('backup-wal.sh');
const NINE = '000000010000000000000009';
const TEN = '00000001000000000000000A';
const SYSTEM = '7711173371281793642';

const nine = plainSegment();
let host: BackupHost;
test.before.each(() => {
  host = new BackupHost();
});
test.after.each(() => host.remove());

/** A real segment: the golden archive's. */
function plainSegment(): Buffer {
  const key = `file:${join(GOLDEN, 'backup.key')}`;
  const args = ['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-pass', key, '-in', join(GOLDEN, `wal/${NINE}.gz`)];
  return gunzipSync(run('openssl', args));
}

/** Another segment: its header says where it belongs and of which system it is. */
function segment(name: string, fill: 'random' | 'zero' = 'zero', system = BigInt(SYSTEM)): Buffer {
  const bytes = Buffer.alloc(nine.length);
  if (fill === 'random') randomBytes(nine.length).copy(bytes);
  nine.copy(bytes, 0, 0, 40);
  bytes.writeBigUInt64LE(BigInt(Number.parseInt(name.slice(16, 24), 16)) << 24n, 8);
  bytes.writeBigUInt64LE(system, 24);
  return bytes;
}

function source(name: string, content: Buffer | string): string {
  const path = join(host.dir, name);
  writeFileSync(path, content, { mode: 0o644 });
  return path;
}

function archive(name: string, path: string, settings: Settings = {}, cwd?: string): Promise<Ran> {
  return host.run('backup-wal.sh', [name, path], { COMPRESSOR: 'gzip', ...settings }, cwd);
}

/** What the archive holds under a name, decrypted. */
function stored(name: string): Buffer {
  const path = join(host.wal, `${name}.gz`);
  return gunzipSync(
    run('openssl', ['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-pass', `file:${host.key}`, '-in', path]),
  );
}

test('takes all four kinds of files, whole, private, and says nothing', async () => {
  const files: [string, Buffer | string][] = [
    [NINE, nine],
    [`${TEN}.partial`, segment(TEN, 'random')],
    [`${NINE}.00000028.backup`, 'START WAL LOCATION: 0/9000028\n'],
    ['00000002.history', '1\t0/9000100\tno recovery target specified\n'],
  ];
  for (const [name, content] of files) {
    const ran = await archive(name, source(name, content));
    succeeded(ran);
    assert.equal(ran.stdout + ran.stderr, '');
    assert.equal(Buffer.compare(stored(name), Buffer.from(content)), 0, name);
    const path = join(host.wal, `${name}.gz`);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(sidecarOf(readFileSync(`${path}.json`, 'utf8')).system_identifier, SYSTEM);
  }
  assert.equal(host.walFiles().length, 8);
});

for (const compressor of ['igzip', 'pigz', 'gzip'])
  test(`writes gzip that gzip reads with ${compressor}`, async () => {
    succeeded(await archive(TEN, source(TEN, segment(TEN, 'random')), { COMPRESSOR: compressor }));
    assert.equal(stored(TEN).length, 16 << 20);
  });

test('without encryption says so, and stores plain gzip', async () => {
  succeeded(await archive(NINE, source(NINE, nine), { ENCRYPTION: 'no' }));
  assert.equal(Buffer.compare(gunzipSync(readFileSync(join(host.wal, `${NINE}.gz`))), nine), 0);
  const fields = sidecarOf(readFileSync(join(host.wal, `${NINE}.gz.json`), 'utf8'));
  assert.deepEqual([fields.cipher, fields.key_id, fields.hmac], ['none', '', '']);
});

test('may be called again, from anywhere, and changes nothing then', async () => {
  const path = source(NINE, nine);
  succeeded(await archive(NINE, `./${NINE}`, {}, host.dir));
  const before = statSync(join(host.wal, `${NINE}.gz`));
  succeeded(await archive(NINE, path, {}, '/'));
  const after = statSync(join(host.wal, `${NINE}.gz`));
  assert.deepEqual([after.ino, after.mtimeMs], [before.ino, before.mtimeMs]);
  refused(await archive(NINE, NINE, {}, '/'), 1, /cannot read .* from \/: %p is relative/);
});

test('typed as root, it leaves nothing that the archiver could not go on with', async () => {
  const data = join(host.dir, 'data');
  const history = '00000002.history';
  mkdirSync(join(data, 'pg_wal'), { recursive: true });
  for (const [name, content] of [
    [NINE, nine],
    [history, '1\t0/9000100\tno recovery target specified\n'],
  ] as const)
    writeFileSync(join(data, 'pg_wal', name), content);
  // Of this data directory only.
  host.stub('pg_controldata', `[ "$2" = ${data} ] && echo 'Database system identifier: ${SYSTEM}'`);
  host.own();
  const root = {
    cwd: data,
    env: { FANATICO_BACKUP_CONF: host.conf({ COMPRESSOR: 'gzip' }), PATH: '/usr/bin:/bin' },
  };
  const script = join(host.dir, 'scripts/backup-wal.sh');
  for (const name of [history, NINE]) succeeded(await ended(spawn(script, [name, `pg_wal/${name}`], root)));
  assert.equal(run('find', [host.dir, '-user', 'root', '-not', '-name', '*.conf']).toString(), '');
  for (const name of [NINE, history]) succeeded(await archive(name, `pg_wal/${name}`, {}, data));
  assert.equal(host.walFiles().length, 4);
});

test('a segment that is gone once it was seen to be there: says so', async () => {
  const path = source(NINE, nine);
  host.stub('stat', `if [ "\${!#}" = ${path} ]; then rm ${path}; fi`, 'exec /usr/bin/stat "$@"');
  host.own();
  const { stderr } = refused(await archive(NINE, path), 1, /error: cannot read .* any more/);
  assert.doesNotMatch(stderr, /unbound/);
  assert.deepEqual(host.walFiles(), []);
});

test('never overwrites: another content under the same name is a conflict', async () => {
  succeeded(await archive(NINE, source(NINE, nine)));
  const before = readFileSync(join(host.wal, `${NINE}.gz`));
  const other = Buffer.from(nine);
  other.writeUInt8(other.readUInt8(8000) ^ 1, 8000);
  refused(
    await archive(NINE, source('other', other)),
    1,
    /CONFLICT: .*sha256 [0-9a-f]{64}.*sha256 [0-9a-f]{64}/,
  );
  assert.equal(Buffer.compare(readFileSync(join(host.wal, `${NINE}.gz`)), before), 0);
  assert.equal(host.walFiles().length, 2);
});

test('four at once: one archives, the others confirm; of two contents one loses', async () => {
  const path = source(NINE, nine);
  const all = await Promise.all([1, 2, 3, 4].map(() => archive(NINE, path)));
  for (const ran of all) succeeded(ran);
  const contents = [source('a', segment(TEN)), source('b', segment(TEN, 'random'))];
  const two = await Promise.all(contents.map((content) => archive(TEN, content)));
  assert.deepEqual(two.map(({ status }) => status).sort(), [0, 1]);
  assert.equal(host.walFiles().length, 4);
});

test('killed while it writes, leaves nothing that looks archived, and the next call succeeds', async () => {
  host.stub(
    'gzip',
    `touch ${host.dir}/started`,
    `until [ -e ${host.dir}/go ]; do sleep 0.02; done`,
    'exec /bin/gzip "$@"',
  );
  host.own();
  const path = source(NINE, nine);
  const child = host.start('backup-wal.sh', [NINE, path], { COMPRESSOR: 'gzip' });
  const end = ended(child);
  while (!existsSync(join(host.dir, 'started'))) await sleep(10);
  child.kill('SIGKILL');
  writeFileSync(join(host.dir, 'go'), '');
  await end;
  assert.ok(!existsSync(join(host.wal, `${NINE}.gz`)));
  host.unstub();
  succeeded(await archive(NINE, path));
  assert.deepEqual(host.walFiles(), [`${NINE}.gz`, `${NINE}.gz.json`]);
  assert.equal(Buffer.compare(stored(NINE), nine), 0);
});

test('killed between the file and its sidecar, completes the sidecar next time', async () => {
  host.stub('ln', 'case $1 in *.json.tmp) kill -9 $PPID ;; *) exec /bin/ln "$@" ;; esac');
  succeededNot(await archive(NINE, source(NINE, nine)));
  // CLUSTER.json is published by another name, the sidecar never was.
  assert.ok(existsSync(join(host.wal, `${NINE}.gz`)) && !existsSync(join(host.wal, `${NINE}.gz.json`)));
  host.unstub();
  succeeded(await archive(NINE, join(host.dir, NINE)));
  assert.deepEqual(host.walFiles(), [`${NINE}.gz`, `${NINE}.gz.json`]);
  succeeded(await archive(NINE, join(host.dir, NINE)));
  rmSync(join(host.wal, `${NINE}.gz.json`));
  refused(await archive(NINE, source('other', segment(NINE))), 1, /CONFLICT/);
});

function succeededNot(ran: Ran): void {
  assert.notEqual(ran.status, 0);
}

test('a full disk is a failure that leaves the archive as it was', async () => {
  run('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=0700,uid=postgres,gid=postgres', 'tmpfs', host.wal]);
  try {
    const path = source(TEN, segment(TEN, 'random'));
    const ran = await archive(TEN, path);
    assert.ok(ran.status !== null && ran.status >= 1 && ran.status <= 125, `${ran.status}`);
    assert.deepEqual(host.walFiles(), []);
    succeeded(await archive(NINE, source(NINE, nine)));
  } finally {
    run('umount', [host.wal]);
  }
});

test('every program of the chain that fails is a failure, never a truncated file', async () => {
  for (const program of ['gzip', 'openssl', 'sync', 'stat']) {
    host.stub(program, 'head -c 1000 2>/dev/null', 'exit 200');
    const ran = await archive(NINE, source(NINE, nine));
    assert.ok(ran.status !== null && ran.status >= 1 && ran.status <= 125, `${program}: ${ran.status}`);
    assert.ok(!existsSync(join(host.wal, `${NINE}.gz`)), program);
    host.unstub();
  }
});

test('an unforeseen failure names the line, and the file that it is of', async () => {
  host.stub('sync', 'exit 1');
  const { stderr } = refused(await archive(NINE, source(NINE, nine)), 1, /line \d+ of backup-\w+\.sh failed/);
  for (const [, line, file, command] of stderr.matchAll(/line (\d+) of (\S+) failed with 1: (.*)/g)) {
    const lines = readFileSync(join(host.dir, 'scripts', file ?? ''), 'utf8').split('\n');
    assert.equal(lines[Number(line) - 1]?.trim(), command);
  }
});

const WRONG: [string, () => [string, string], number, RegExp][] = [
  ['a name of no WAL file', () => ['../../etc/passwd', source('x', nine)], 2, /is not the name of a WAL/],
  ['a truncated segment', () => [NINE, source('x', nine.subarray(0, 1 << 20))], 1, /not a whole WAL segment/],
  ['an empty segment', () => [NINE, source('x', '')], 1, /not a whole WAL segment/],
  ['another segment under this name', () => [TEN, source('x', nine)], 1, /holds another segment/],
  ['a path that is not there', () => [NINE, '/nowhere'], 1, /cannot read \/nowhere/],
];
for (const [what, given, status, reason] of WRONG)
  test(`refuses ${what}`, async () => {
    refused(await archive(...given()), status, reason);
    assert.deepEqual(host.walFiles(), []);
  });

test('refuses to write into the archive of another system, cluster or key', async () => {
  succeeded(await archive(NINE, source(NINE, nine)));
  const other = source(TEN, segment(TEN, 'zero', 7711173371281793999n));
  refused(
    await archive(TEN, other),
    3,
    /is of the system 7711173371281793642, and this server is 7711173371281793999/,
  );
  refused(
    await archive(TEN, source(TEN, segment(TEN)), { CLUSTER_NAME: 'new' }),
    3,
    /of the cluster "test", not of new/,
  );
  writeFileSync(host.key, `${'x'.repeat(44)}\n`);
  refused(
    await archive(TEN, join(host.dir, TEN)),
    3,
    /written with the key "[0-9a-f]{16}", and this host has "[0-9a-f]{16}"/,
  );
  rmSync(join(host.archive, 'CLUSTER.json'));
  refused(await archive(TEN, join(host.dir, TEN)), 3, /holds backups and no CLUSTER.json/);
  assert.equal(host.walFiles().length, 2);
});

test('a changed byte in what is stored, or in its sidecar, is noticed when it is confirmed', async () => {
  succeeded(await archive(NINE, source(NINE, nine)));
  const path = join(host.wal, `${NINE}.gz`);
  const good = { data: readFileSync(path), sidecar: readFileSync(`${path}.json`) };
  const flipped = Buffer.from(good.data);
  flipped.writeUInt8(flipped.readUInt8(5000) ^ 4, 5000);
  writeFileSync(path, flipped);
  refused(await archive(NINE, join(host.dir, NINE)), 1, /is damaged/);
  writeFileSync(path, good.data);
  writeFileSync(`${path}.json`, good.sidecar.toString().replace('"timeline": 1', '"timeline": 2'));
  refused(await archive(NINE, join(host.dir, NINE)), 1, /the hmac does not fit/);
});

test('the key is never in an argument', async () => {
  const seen = join(host.dir, 'arguments');
  host.stub('openssl', `printf '%s\\n' "$*" >>${seen}`, 'exec /usr/bin/openssl "$@"');
  succeeded(await archive(NINE, source(NINE, nine)));
  const secret = readFileSync(host.key, 'utf8').trim();
  const id = sidecarOf(readFileSync(join(host.wal, `${NINE}.gz.json`), 'utf8')).key_id;
  const given = readFileSync(seen, 'utf8');
  assert.match(given, /-pass file:/);
  assert.ok(!given.includes(secret) && typeof id === 'string' && !/mac|hmac|hexkey/.test(given));
});

test.run();
