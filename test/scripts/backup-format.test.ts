// Backup format 1, as docs/backup-format.md has it: the golden artefacts, read by the scripts, by openssl and gzip
// alone, and by an implementation of its own with Node's cryptography.
import * as assert from 'node:assert/strict';
import { createDecipheriv, createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { BackupHost, GOLDEN, PG_BIN, run, sidecarOf } from './backup-host.ts';

const test = suite('backup format 1');
const KEY = join(GOLDEN, 'backup.key');
const FULL = join(GOLDEN, 'full/full_backup_20261123_014927.tar.gz');
const SEGMENT = join(GOLDEN, 'wal/000000010000000000000009.gz');

const derived = pbkdf2Sync(
  readFileSync(KEY, 'utf8').split('\n')[0] ?? '',
  Buffer.from('fanahmac'),
  10000,
  48,
  'sha256',
);
const sidecars = ['full', 'wal'].flatMap((folder) =>
  readdirSync(join(GOLDEN, folder))
    .filter((name) => name.endsWith('.json'))
    .map((name) => join(GOLDEN, folder, name)),
);

test('there are artefacts of every kind', () => {
  const names = sidecars.map((path) => path.slice(GOLDEN.length + 1));
  assert.deepEqual(names, [
    'full/full_backup_20261123_014927.tar.gz.json',
    'wal/000000010000000000000009.00000028.backup.gz.json',
    'wal/000000010000000000000009.gz.json',
    'wal/00000002.history.gz.json',
  ]);
});

for (const path of sidecars)
  test(`what ${path.slice(GOLDEN.length + 1)} says of its artefact is so`, () => {
    const text = readFileSync(path, 'utf8');
    const fields = sidecarOf(text);
    const stored = readFileSync(path.slice(0, -'.json'.length));
    assert.equal(fields.schema, 'fanatico-backup/1');
    assert.equal(`${fields.name}.json`, path.split('/').at(-1));
    assert.equal(fields.key_id, derived.subarray(32, 40).toString('hex'));
    assert.equal(fields.size, stored.length);
    assert.equal(fields.sha256, createHash('sha256').update(stored).digest('hex'));
    const covered = text.slice(0, text.indexOf('  "hmac": '));
    assert.equal(fields.hmac, createHmac('sha256', derived.subarray(0, 32)).update(covered).digest('hex'));
    const plain = gunzipSync(decrypted(stored));
    assert.equal(fields.plain_size, plain.length);
    assert.equal(fields.plain_sha256, createHash('sha256').update(plain).digest('hex'));
  });

function decrypted(stored: Buffer): Buffer {
  assert.equal(stored.subarray(0, 8).toString(), 'Salted__');
  const secret = readFileSync(KEY, 'utf8').split('\n')[0] ?? '';
  const bytes = pbkdf2Sync(secret, stored.subarray(8, 16), 10000, 48, 'sha256');
  const decipher = createDecipheriv('aes-256-cbc', bytes.subarray(0, 32), bytes.subarray(32));
  return Buffer.concat([decipher.update(stored.subarray(16)), decipher.final()]);
}

test('CLUSTER.json names the cluster, the system and the key', () => {
  assert.deepEqual(sidecarOf(readFileSync(join(GOLDEN, 'CLUSTER.json'), 'utf8')), {
    schema: 'fanatico-backup/1',
    cluster: 'golden',
    system_identifier: '7711173371281793642',
    key_id: derived.subarray(32, 40).toString('hex'),
  });
});

test('the documented commands decrypt, authenticate and unpack, and pg_verifybackup accepts', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-golden-'));
  try {
    const pass = ['-pbkdf2', '-iter', '10000', '-md', 'sha256', '-pass', `file:${KEY}`];
    const data = join(dir, 'data');
    mkdirSync(data);
    const tar = run('gunzip', [], run('openssl', ['enc', '-d', '-aes-256-cbc', ...pass, '-in', FULL]));
    run('tar', ['-x', '-C', data], tar);
    run(`${PG_BIN}/pg_verifybackup`, [data]);
    const covered = run('sed', ['/^  "hmac": /,$d', `${FULL}.json`]);
    const key = `hexkey:${derived.subarray(0, 32).toString('hex')}`;
    const hmac = run('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', key], covered).toString();
    assert.equal(hmac.trim().split('= ')[1], sidecarOf(readFileSync(`${FULL}.json`, 'utf8')).hmac);
    run('bash', ['-c', `cd '${join(GOLDEN, 'full')}' && sha256sum -c --quiet *.sha256`]);
    const wal = run('gunzip', [], run('openssl', ['enc', '-d', '-aes-256-cbc', ...pass, '-in', SEGMENT]));
    assert.equal(wal.length, 16 << 20);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('the scripts accept all of it, to the last byte', async () => {
  const host = new BackupHost();
  try {
    const settings = { ...host.takeGolden(), PG_BIN };
    const verified = await host.run('backup-verify.sh', ['--deep'], settings);
    assert.equal(verified.status, 0, verified.stderr);
    assert.match(verified.stderr, /ok: 10 checks, 0 failed/);
    const id = await host.run('backup-full.sh', ['--key-id'], settings);
    assert.equal(id.stdout.trim(), derived.subarray(32, 40).toString('hex'));
  } finally {
    host.remove();
  }
});

test.run();
