// A disk that fills up when the stream is written already, while it is verified, and under what is no full backup: 7 each, and
// nothing half-made under a final name. Elsewhere: the stream (backup-full.test.ts), WAL (backup-wal.test.ts, restore-wal.test.ts),
// restores (restore-faults-place.test.ts).
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { FullBackups } from './full-backups.ts';
import { refused, succeeded } from './ran.ts';
import { onSmallDisk } from './small-disk.ts';

const test = suite('disk full');
const on = new FullBackups();
on.prepare(test);

/** A line of bash that writes a disk full. */
const fill = (directory: string): string => `head -c 1G /dev/zero >${directory}/other 2>/dev/null`;

/** What lies in a directory of the archive under a final name. */
const named = (kind: string): string[] => on.host.stored(kind).filter((name) => !name.startsWith('.'));

async function withArchiveOf(size: string, work: () => Promise<void>): Promise<void> {
  await onSmallDisk(on.host.archive, size, async () => {
    for (const kind of ['full', 'wal', 'blockchain', 'config']) mkdirSync(join(on.host.archive, kind));
    on.host.own();
    await work();
  });
}

test('before sidecar and hash are written: no backup, not even without them', async () => {
  await withArchiveOf('64m', async () => {
    // The first program that runs after the stream has ended.
    on.host.stub('tr', fill(on.host.archive), 'exec /usr/bin/tr "$@"');
    refused(await on.full(), 7, /the disk of \S+archive is full/);
    assert.deepEqual(readdirSync(on.host.full), []);
    rmSync(join(on.host.archive, 'other'));
    rmSync(join(on.host.bin, 'tr'));
    succeeded(await on.full(['--verify']));
    assert.equal(named('full').length, 4);
  });
});

test('while a report is written: the older ones stay, and what was verified keeps its link', async () => {
  on.archive();
  succeeded(await on.full(['--verify']));
  await on.archived();
  const verify = () => on.host.run('backup-verify.sh', [], on.server.settings);
  const logs = join(on.host.dir, 'log');
  await onSmallDisk(logs, '8m', async () => {
    succeeded(await verify());
    const reports = () => readdirSync(join(logs, 'backup-reports')).filter((name) => !name.startsWith('.'));
    const before = reports();
    assert.equal(before.length, 1);
    spawnSync('bash', ['-c', fill(logs)]);
    refused(await verify(), 7, /the disk of \S+log is full/);
    assert.deepEqual(reports(), before);
    assert.ok(named('full').includes('latest.tar.gz'));
  });
});

for (const [script, kind, settings] of [
  ['backup-blockchain.sh', 'blockchain', () => ({ BLOCKCHAIN_DB: join(on.host.dir, 'chain.db') })],
  ['backup-config.sh', 'config', () => ({ CONFIG_PATHS: join(on.host.dir, 'chain.db') })],
] as const)
  test(`${script}: nothing of it is stored`, async () => {
    const create =
      'create table blocks (height integer, hash blob); insert into blocks values (1, randomblob(1000000))';
    spawnSync('sqlite3', [join(on.host.dir, 'chain.db'), create]);
    await withArchiveOf('5m', async () => {
      spawnSync('bash', ['-c', `head -c 4700000 /dev/zero >${on.host.archive}/other`]);
      const ran = await on.host.run(script, [], { ...on.server.settings, ...settings() });
      refused(ran, 7, /was not stored: the disk of \S+ is full; nothing of it is kept/);
      assert.deepEqual(readdirSync(join(on.host.archive, kind)), []);
    });
  });

test.run();
