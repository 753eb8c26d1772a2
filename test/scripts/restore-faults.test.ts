// restore-full.sh where something is wrong: each fault has its own message and status, and leaves what was there as it was.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { AS_POSTGRES, ended, PG_BIN, run, type Settings, sidecarOf } from './backup-host.ts';
import { RestoreSource } from './restore-source.ts';

const test = suite('restore-full.sh, faults');
let source: RestoreSource;
let backup: string;
let saved: string;
test.before(async () => {
  source = new RestoreSource();
  backup = await source.backup();
  for (const filler of ['one', 'two', 'three']) {
    source.server.sql(`insert into ledger (filler) values ('${filler}')`);
    await source.archiveAll();
  }
  saved = join(source.host.dir, 'saved');
  cpSync(source.host.archive, saved, { recursive: true, verbatimSymlinks: true });
});
test.after(() => source.remove());
test.before.each(() => {
  for (const path of [source.host.archive, join(source.host.dir, 'pg')]) rmSync(path, { recursive: true });
  cpSync(saved, source.host.archive, { recursive: true, verbatimSymlinks: true });
  writeFileSync(source.host.key, `${'0123456789abcdef'.repeat(2)}0123456789=\n`, { mode: 0o600 });
  source.host.unstub();
  source.host.linkPostgres();
  mkdirSync(join(source.data, 'pg_wal/archive_status'), { recursive: true });
  writeFileSync(join(source.data, 'old'), 'kept');
  source.host.own();
});

const full = (name = backup) => join(source.host.full, name);
const sidecar = () => `${full()}.json`;
const segments = () => source.host.walFiles().filter((name) => /^[0-9A-F]{24}\.gz$/.test(name));
const ended_at = () => String(sidecarOf(readFileSync(sidecar(), 'utf8')).ended_at);

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  writeFileSync(path, bytes);
}

function replace(path: string, from: RegExp, to: string): void {
  const text = readFileSync(path, 'utf8');
  assert.match(text, from);
  writeFileSync(path, text.replace(from, to));
}

function removeSegment(at: number): void {
  const name = segments().at(at) ?? '';
  for (const end of ['', '.json']) rmSync(join(source.host.wal, name + end));
}

/** What is done, how it ends, with which words; the arguments and settings where they are not the usual. */
interface Fault {
  readonly what: string;
  readonly spoil: () => void;
  readonly status: number;
  readonly reason: RegExp;
  readonly args?: () => readonly string[];
  readonly settings?: () => Settings;
}

const nothing = () => undefined;
const FAULTS: Fault[] = [
  {
    what: 'a flipped bit in the ciphertext',
    spoil: () => flip(full(), 50000),
    status: 6,
    reason: /sha256 is not the one|cannot be read to its end/,
  },
  {
    what: 'a flipped bit in the head',
    spoil: () => flip(full(), 17),
    status: 6,
    reason: /head of \S+ does not decrypt to a gzip/,
  },
  {
    what: 'a flipped bit in the sidecar',
    spoil: () => flip(sidecar(), 200),
    status: 6,
    reason: /hmac does not fit|is not a sidecar|sidecar is of/,
  },
  {
    what: 'another hmac',
    spoil: () => replace(sidecar(), /"hmac": "./, '"hmac": "g'),
    status: 6,
    reason: /the hmac does not fit/,
  },
  {
    what: 'no hmac',
    spoil: () => replace(sidecar(), /"hmac": "\w+"/, '"hmac": ""'),
    status: 6,
    reason: /is not authenticated/,
  },
  {
    what: 'a truncated backup',
    spoil: () => truncateSync(full(), 60000),
    status: 6,
    reason: /has 60000 bytes, its sidecar says/,
  },
  { what: 'no sidecar', spoil: () => rmSync(sidecar()), status: 10, reason: /has no sidecar beside it/ },
  {
    what: 'no backup of this name',
    spoil: nothing,
    args: () => ['full_backup_20000101_000000.tar.gz'],
    status: 10,
    reason: /in none of the sources/,
  },
  {
    what: 'no backup at all',
    spoil: () => rmSync(full()),
    args: () => ['latest'],
    status: 10,
    reason: /there is no full backup in any of the sources/,
  },
  {
    what: 'another key',
    spoil: () => writeFileSync(source.host.key, `${'x'.repeat(44)}\n`),
    status: 8,
    reason: /was made with the key \w{16}, and \S+ is the key/,
  },
  {
    what: 'a key with Windows line ends',
    spoil: () => writeFileSync(source.host.key, `${'x'.repeat(44)}\r\n`),
    status: 3,
    reason: /Windows line ends/,
  },
  {
    what: 'an empty key',
    spoil: () => writeFileSync(source.host.key, '\n'),
    status: 3,
    reason: /has 0 characters/,
  },
  {
    what: 'another cluster',
    spoil: nothing,
    settings: () => ({ CLUSTER_NAME: 'other' }),
    status: 11,
    reason: /of the cluster "test", not of other/,
  },
  {
    what: 'an archive of another system',
    spoil: () => replace(join(source.host.archive, 'CLUSTER.json'), /(identifier": ")\d/, '$19'),
    status: 11,
    reason: /is of the system \d+, and the archive \S+ of 9/,
  },
  {
    what: 'a missing segment',
    spoil: () => removeSegment(-2),
    status: 10,
    reason: /WAL is missing: \w{24}, before \w{24}.*--to-hole/,
  },
  {
    what: 'a missing history file',
    spoil: () => cpTimeline(),
    status: 10,
    reason: /no 00000002.history: what timeline 2 left behind would come back/,
  },
  {
    what: 'a damaged segment at the end',
    spoil: () => flip(join(source.host.wal, segments().at(-1) ?? ''), 900),
    status: 6,
    reason: /sha256 is not the one/,
  },
  {
    what: 'a damaged segment in between',
    spoil: () => flip(join(source.host.wal, segments().at(-2) ?? ''), 900),
    status: 6,
    reason: /did not reach the target: .*could not restore file.*sha256 is not the one/s,
  },
  {
    what: 'an archive that cannot be looked into',
    spoil: () => rmSync(source.host.wal, { recursive: true }),
    status: 9,
    reason: /cannot be looked into/,
  },
  {
    what: 'a target before the end of the backup',
    spoil: nothing,
    args: () => [backup, '--pitr', '2020-01-01 00:00:00'],
    status: 10,
    reason: /cannot be restored to a time before its own end/,
  },
  {
    what: 'a target in the future',
    spoil: nothing,
    args: () => [backup, '--pitr', '2100-01-01 00:00:00+01'],
    status: 10,
    reason: /2099-12-31 23:00:00.* UTC is out of reach: the last commit in the WAL is of 2/,
  },
  {
    what: 'a target after a hole',
    spoil: () => removeSegment(-2),
    args: () => [backup, '--pitr', '2100-01-01 00:00:00'],
    status: 10,
    reason: /out of reach.*Missing: \w{24}/,
  },
  {
    what: 'a target that is no time',
    spoil: nothing,
    args: () => [backup, '--pitr', 'yesterday'],
    status: 2,
    reason: /expected a time like/,
  },
  {
    what: 'an LSN out of reach',
    spoil: nothing,
    args: () => [backup, '--target-lsn', 'F/0'],
    status: 10,
    reason: /target F\/0 is out of reach/,
  },
  {
    what: 'a timeline that is not there',
    spoil: nothing,
    args: () => [backup, '--timeline', '7'],
    status: 10,
    reason: /00000007.history is in none/,
  },
  {
    what: 'two targets',
    spoil: nothing,
    args: () => [backup, '--pitr', ended_at(), '--target-lsn', '0/1'],
    status: 2,
    reason: /expected one target/,
  },
  {
    what: 'an option that does not exist',
    spoil: nothing,
    args: () => [backup, '--force'],
    status: 2,
    reason: /did not expect "--force"/,
  },
  {
    what: 'a target directory that is not empty',
    spoil: nothing,
    args: () => [backup, '--target-dir', source.host.bin],
    status: 11,
    reason: /is not empty/,
  },
  {
    what: 'WAL that was never archived',
    spoil: () => writeFileSync(join(source.data, 'pg_wal/archive_status/000000010000000000000099.ready'), ''),
    status: 11,
    reason: /holds 1 WAL files that were never archived/,
  },
  {
    what: 'a running server',
    spoil: nothing,
    settings: () => ({ DATA_DIR: source.server.data }),
    status: 11,
    reason: /a server runs on \S+ \(process \d+\)/,
  },
  {
    what: 'a running server whose lock file is gone',
    spoil: hideLock,
    settings: () => ({ DATA_DIR: source.server.data }),
    status: 11,
    reason: /a server runs on/,
  },
  {
    what: 'a running Patroni',
    spoil: () => source.host.stub('systemctl', 'echo active'),
    status: 11,
    reason: /Patroni is active.*recover-node.yml.*recover-cluster.yml/,
  },
  {
    what: 'another member that leads',
    spoil: leaderElsewhere,
    settings: () => ({ PATRONI_CONFIG: source.host.key }),
    status: 11,
    reason: /db2 leads the cluster/,
  },
  {
    what: 'a backup that is not encrypted where --decrypt is given',
    spoil: nothing,
    args: () => [full('../../no.tar.gz'), '--decrypt'],
    status: 10,
    reason: /does not exist/,
  },
  {
    what: 'another major version of PostgreSQL',
    spoil: () => source.host.stub('postgres', 'echo "postgres (PostgreSQL) 16.1"'),
    status: 11,
    reason: /is of PostgreSQL 15.*and \S+ is version 16/,
  },
];

function cpTimeline(): void {
  const name = segments().at(-1) ?? '';
  for (const end of ['', '.json'])
    cpSync(
      join(source.host.wal, name + end),
      join(source.host.wal, name.replace('00000001', '00000002') + end),
    );
}

function hideLock(): void {
  renameSync(join(source.server.data, 'postmaster.pid'), join(source.server.dir, 'hidden'));
}

function leaderElsewhere(): void {
  source.host.stub('patronictl', `echo '[{"Member": "db2", "Role": "Leader", "State": "running"}]'`);
}

for (const { what, spoil, status, reason, args, settings } of FAULTS)
  test(`${what}: ${status}`, async () => {
    spoil();
    source.host.own();
    const ran = await source.restore(args?.() ?? [backup], settings?.());
    if (existsSync(join(source.server.dir, 'hidden')))
      renameSync(join(source.server.dir, 'hidden'), join(source.server.data, 'postmaster.pid'));
    assert.equal(ran.status, status, ran.stderr);
    assert.match(ran.stderr, reason);
    asBefore();
  });

/** The old directory stands, nothing half-made beside it, and Patroni may start. */
function asBefore(): void {
  assert.deepEqual(readdirSync(join(source.host.dir, 'pg')), ['data']);
  assert.equal(readFileSync(join(source.data, 'old'), 'utf8'), 'kept');
  assert.deepEqual(
    readdirSync(join(source.host.dir, 'state')).filter((name) => !/\.lock$|spool$/.test(name)),
    [],
  );
}

test('two at once: 4', async () => {
  const lock = join(source.host.dir, 'state/restore-full.lock');
  appendFileSync(lock, '');
  source.host.own();
  const holder = source.host.start('/usr/bin/flock', ['-o', lock, 'sleep', '30']);
  while (spawnSync('flock', ['-n', lock, 'true']).status === 0);
  const ran = await source.restore([backup]);
  holder.kill();
  assert.equal(ran.status, 4, ran.stderr);
  assert.match(ran.stderr, /another run holds/);
});

for (const [size, reason] of [
  ['20m', /MiB free, and about \d+ MiB are needed/],
  ['64m', /is full: \S+ could not be unpacked/],
] as const)
  test(`a disk of ${size} with a backup that needs more: 7`, async () => {
    const disk = join(source.host.dir, 'disk');
    mkdirSync(disk, { recursive: true });
    run('mount', ['-t', 'tmpfs', '-o', `size=${size},mode=0700,uid=postgres,gid=postgres`, 'tmpfs', disk]);
    try {
      // What df says is not what can be written: somebody else fills the disk meanwhile.
      if (size === '64m')
        source.host.stub('tar', `head -c 55000000 /dev/zero >${disk}/other`, 'exec /bin/tar "$@"');
      source.host.own();
      const ran = await source.restore([backup, '--target-dir', join(disk, 'data')]);
      assert.equal(ran.status, 7, ran.stderr);
      assert.match(ran.stderr, reason);
      assert.deepEqual(
        readdirSync(disk).filter((name) => name !== 'other'),
        [],
      );
    } finally {
      run('umount', [disk]);
    }
  });

test('killed while it recovers: nothing under the final name, and the next restore succeeds', async () => {
  source.host.stub('restore-was-here', 'exit 0');
  const child = source.host.start('restore-full.sh', [backup], source.settings);
  const end = ended(child);
  while (!existsSync(join(source.host.dir, 'pg/.data.restoring/recovery.signal')))
    await new Promise(setImmediate);
  child.kill('SIGKILL');
  await end;
  assert.equal(readFileSync(join(source.data, 'old'), 'utf8'), 'kept');
  assert.ok(existsSync(join(source.host.dir, 'state/restore-in-progress')), 'Patroni could start');
  const ran = await source.restore([backup]);
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(source.rowsOf(), source.rowsNow());
});

test('--dry-run and --verify-only change nothing, and are content with what is whole', async () => {
  for (const option of ['--dry-run', '--verify-only']) {
    const ran = await source.restore([backup, option]);
    assert.equal(ran.status, 0, ran.stderr);
    assert.match(ran.stderr, /the WAL reaches \w{24}, last commit/);
    asBefore();
  }
});

test('--to-hole restores up to there', async () => {
  removeSegment(-2);
  source.host.own();
  const ran = await source.restore([backup, '--to-hole']);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stderr, /WAL is missing.*what comes after it is not restored/);
  assert.equal(source.rowsOf().count, 1);
});

test('--help ends with 0 and names every option', () => {
  const path = join(source.host.dir, 'scripts/restore-full.sh');
  const { status, stdout } = spawnSync('setpriv', [...AS_POSTGRES, path, '--help'], { encoding: 'utf8' });
  assert.equal(status, 0);
  for (const option of readFileSync(path, 'utf8').match(/(?<=^ {4})--[a-z-]+/gm) ?? [])
    assert.ok(stdout.includes(option), option);
  assert.ok(PG_BIN);
});

test.run();
