// What the backup scripts refuse before they do anything: settings and keys; and what --check says of a host.
import * as assert from 'node:assert/strict';
import { chmodSync, chownSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import { BackupHost, run } from './backup-host.ts';
import { refused } from './ran.ts';

const test = suite('settings, key and --check of the backup scripts');

let host: BackupHost;
test.before.each(() => {
  host = new BackupHost();
});
test.after.each(() => host.remove());

/** A file that could be archived at once. */
const NOTHING = ['00000002.history', '/etc/hostname'];

const KEYS: [string, () => void, RegExp][] = [
  ['missing', () => renameSync(host.key, `${host.key}.away`), /does not exist/],
  ['readable by others', () => chmodSync(host.key, 0o640), /mode 640/],
  ["somebody else's", () => chownSync(host.key, 0, 0), /cannot be read by postgres/],
  ['short', () => writeFileSync(host.key, 'secret\n'), /has 6 characters, at least 32/],
  ['blank in its first line', () => writeFileSync(host.key, `\n${'x'.repeat(44)}\n`), /has 0 characters/],
  ['of Windows', () => writeFileSync(host.key, `${'x'.repeat(44)}\r\n`), /Windows line ends/],
];
for (const [what, spoil, reason] of KEYS)
  test(`refuses a key that is ${what}, and --check says so`, async () => {
    spoil();
    refused(await host.run('backup-wal.sh', NOTHING), 3, reason);
    const check = await host.run('backup-wal.sh', ['--check']);
    assert.equal(check.status, 3);
    assert.match(check.stdout, new RegExp(`^BAD key: .*${reason.source}`, 'm'));
  });

test('--check is content with this host, and changes nothing', async () => {
  const before = run('find', [host.dir, '-newermt', '2000-01-01', '-printf', '%P %T@\n']).toString();
  const { status, stdout } = await host.run('backup-wal.sh', ['--check']);
  assert.equal(status, 0, stdout);
  assert.match(stdout, /^ok {2}key: .*key id [0-9a-f]{16}$/m);
  const after = run('find', [host.dir, '-newermt', '2000-01-01', '-printf', '%P %T@\n']).toString();
  assert.equal(
    after
      .split('\n')
      .filter((line) => !/^(backup-\d+\.conf)? /.test(line))
      .sort()
      .join('\n'),
    before
      .split('\n')
      .filter((line) => !/^(backup-\d+\.conf)? /.test(line))
      .sort()
      .join('\n'),
  );
});

test('--check names a directory that is missing, or not for postgres', async () => {
  rmSync(host.wal, { recursive: true });
  chownSync(host.full, 0, 0);
  chmodSync(host.full, 0o755);
  const { status, stdout } = await host.run('backup-wal.sh', ['--check']);
  assert.equal(status, 3);
  assert.match(stdout, /^BAD directory .*\/wal: missing$/m);
  assert.match(stdout, /^BAD directory .*\/full: postgres cannot write there$/m);
});

for (const [name, value, reason] of [
  ['COMPRESSOR', 'zstd', /COMPRESSOR in .*expected auto, igzip, pigz or gzip, found "zstd"/],
  ['BACKUP_ROOT', 'backups', /BACKUP_ROOT in .*expected an absolute path/],
  ['CLUSTER_NAME', '', /CLUSTER_NAME in .*found ""/],
] as const)
  test(`refuses the setting ${name}="${value}"`, async () => {
    refused(await host.run('backup-wal.sh', NOTHING, { [name]: value }), 3, reason);
  });

test.run();
