// restore-full.sh where something is in its way: servers, Patroni, other runs, full disks, kill -9. What was there stays as it was.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import { AS_POSTGRES, ended, PG_BIN, sidecarOf } from './backup-host.ts';
import { nothing, RestoreFaults } from './restore-fault.ts';
import { onSmallDisk } from './small-disk.ts';

const test = suite('restore-full.sh, faults of the place');
const on = new RestoreFaults();
on.prepare(test);

on.each(test, [
  {
    what: 'an option that does not exist',
    spoil: nothing,
    args: () => [on.backup, '--force'],
    status: 2,
    reason: /did not expect "--force"/,
  },
  {
    what: 'a target directory that is not empty',
    spoil: nothing,
    args: () => [on.backup, '--target-dir', on.source.host.bin],
    status: 11,
    reason: /is not empty/,
  },
  {
    what: 'WAL that was never archived',
    spoil: () =>
      writeFileSync(join(on.source.data, 'pg_wal/archive_status/000000010000000000000099.ready'), ''),
    status: 11,
    reason: /holds 1 WAL files that were never archived/,
  },
  {
    what: 'a running server',
    spoil: nothing,
    settings: () => ({ DATA_DIR: on.source.server.data }),
    status: 11,
    reason: /a server runs on \S+ \(process \d+\)/,
  },
  {
    what: 'a running server whose lock file is gone',
    spoil: hideLock,
    mend: showLock,
    settings: () => ({ DATA_DIR: on.source.server.data }),
    status: 11,
    reason: /a server runs on/,
  },
  {
    what: 'a running Patroni',
    spoil: () => on.source.host.stub('systemctl', 'echo active'),
    status: 11,
    reason: /Patroni is active.*recover-node.yml.*recover-cluster.yml/,
  },
  {
    what: 'another member that leads',
    spoil: leaderElsewhere,
    settings: () => ({ PATRONI_CONFIG: on.source.host.key }),
    status: 11,
    reason: /db2 leads the cluster/,
  },
]);

function hideLock(): void {
  renameSync(join(on.source.server.data, 'postmaster.pid'), join(on.source.server.dir, 'hidden'));
}

function showLock(): void {
  renameSync(join(on.source.server.dir, 'hidden'), join(on.source.server.data, 'postmaster.pid'));
}

function leaderElsewhere(): void {
  on.source.host.stub('patronictl', `echo '[{"Member": "db2", "Role": "Leader", "State": "running"}]'`);
}

test('two at once: 4', async () => {
  const lock = join(on.source.host.dir, 'state/restore-full.lock');
  appendFileSync(lock, '');
  on.source.host.own();
  const holder = on.source.host.start('/usr/bin/flock', ['-o', lock, 'sleep', '30']);
  while (spawnSync('flock', ['-n', lock, 'true']).status === 0);
  const ran = await on.source.restore([on.backup]);
  holder.kill();
  assert.equal(ran.status, 4, ran.stderr);
  assert.match(ran.stderr, /another run holds/);
});

for (const [size, reason] of [
  ['20m', /MiB free, and about \d+ MiB are needed/],
  ['64m', /is full: \S+ could not be unpacked/],
] as const)
  test(`a disk of ${size} with a backup that needs more: 7`, async () => {
    const disk = join(on.source.host.dir, 'disk');
    await onSmallDisk(disk, size, async () => {
      // What df says is not what can be written: somebody else fills the disk meanwhile.
      if (size === '64m')
        on.source.host.stub('tar', `head -c 55000000 /dev/zero >${disk}/other`, 'exec /bin/tar "$@"');
      on.source.host.own();
      const ran = await on.source.restore([on.backup, '--target-dir', join(disk, 'data')]);
      assert.equal(ran.status, 7, ran.stderr);
      assert.match(ran.stderr, reason);
      assert.deepEqual(
        readdirSync(disk).filter((name) => name !== 'other'),
        [],
      );
    });
  });

test('killed while it recovers: nothing under the final name, and the next restore succeeds', async () => {
  // What the server leaves behind at its start stays to be seen, however short its recovery is.
  const begun = join(on.source.host.dir, 'state/server-begun');
  on.source.host.stub(
    'postgres',
    `case "$*" in *config_file=*) touch ${begun} ;; esac`,
    `exec ${PG_BIN}/postgres "$@"`,
  );
  const child = on.source.host.start('restore-full.sh', [on.backup], on.source.settings);
  const end = ended(child);
  while (!existsSync(begun)) await sleep(5);
  child.kill('SIGKILL');
  await end;
  assert.equal(readFileSync(join(on.source.data, 'old'), 'utf8'), 'kept');
  assert.ok(existsSync(join(on.source.host.dir, 'state/restore-in-progress')), 'Patroni could start');
  const ran = await on.source.restore([on.backup]);
  rmSync(begun);
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(on.source.rowsOf(), on.source.rowsNow());
});

test('--dry-run and --verify-only change nothing, and are content with what is whole', async () => {
  for (const option of ['--dry-run', '--verify-only']) {
    const ran = await on.source.restore([on.backup, option]);
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stderr, /the WAL reaches \w{24}, last commit/);
    on.asBefore();
  }
});

test('--reach-only tells what a restore would come to, also while a server works, and changes nothing', async () => {
  cpSync(join(on.source.server.data, 'postmaster.pid'), join(on.source.data, 'postmaster.pid'));
  on.source.host.own();
  assert.equal((await on.source.restore([on.backup, '--dry-run'])).status, 11);
  const ran = await on.source.restore(['latest', '--reach-only']);
  assert.equal(ran.status, 0, ran.stderr);
  const told = Object.fromEntries(ran.stdout.split('\n').map((line) => line.split(/: (.*)/)));
  const sidecar = sidecarOf(readFileSync(on.sidecar(), 'utf8'));
  assert.deepEqual(
    [told.backup, told.system_identifier, told.key_id, told.bytes, told.timeline],
    [on.backup, sidecar.system_identifier, sidecar.key_id, String(sidecar.plain_size), '1'],
  );
  assert.equal(told.wal_until, on.segments().at(-1)?.slice(0, 24));
  assert.ok(Number(told.seconds_since) >= 0, ran.stdout);
  assert.ok(told.last_commit >= String(sidecar.ended_at).slice(0, 19), ran.stdout);
  rmSync(join(on.source.data, 'postmaster.pid'));
  on.asBefore();
});

test('--help ends with 0 and names every option', () => {
  const path = join(on.source.host.dir, 'scripts/restore-full.sh');
  const { status, stdout } = spawnSync('setpriv', [...AS_POSTGRES, path, '--help'], { encoding: 'utf8' });
  assert.equal(status, 0);
  for (const option of readFileSync(path, 'utf8').match(/(?<=^ {4})--[a-z-]+/gm) ?? [])
    assert.ok(stdout.includes(option), option);
});

test.run();
