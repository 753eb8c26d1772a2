// restore-full.sh where WAL or target is wrong: each fault has its own message and status, and leaves what was there as it was.
import * as assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { sidecarOf } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { flip, nothing, RestoreFaults } from './restore-fault.ts';

const test = suite('restore-full.sh, faults of WAL and target');
const on = new RestoreFaults();
on.prepare(test);
const ended_at = () => String(sidecarOf(readFileSync(on.sidecar(), 'utf8')).ended_at);

on.each(test, [
  {
    what: 'a missing segment',
    spoil: () => on.removeSegment(-2),
    status: 10,
    reason: /WAL is missing: \w{24}, before \w{24}.*--to-hole/,
  },
  {
    what: 'a missing segment, and only the backup is to be verified, which is read first',
    spoil: () => on.removeSegment(-2),
    args: () => [on.backup, '--verify-only'],
    status: 10,
    reason: /verified to its end.*WAL is missing/s,
  },
  {
    what: 'a missing history file',
    spoil: () => cpTimeline(),
    status: 10,
    reason: /no 00000002.history: what timeline 2 left behind would come back/,
  },
  {
    what: 'a damaged segment at the end',
    spoil: () => flip(join(on.source.host.wal, on.segments().at(-1) ?? ''), 900),
    status: 6,
    reason: /sha256 is not the one/,
  },
  {
    what: 'a damaged segment in between',
    spoil: () => flip(join(on.source.host.wal, on.segments().at(-2) ?? ''), 900),
    status: 6,
    reason: /did not reach the target: .*could not restore file.*sha256 is not the one/s,
  },
  {
    what: 'S3 that cannot be reached, asked for the newest backup',
    spoil: () =>
      new DirectoryS3(on.source.host).break('Could not connect to the endpoint URL: "http://127.0.0.1:1/"'),
    status: 9,
    reason: /S3 does not give s3:\/\/bucket\/.*Could not connect/,
    args: () => ['latest', '--sources', 's3'],
    settings: () => ({ S3_BUCKET: 'bucket' }),
  },
  {
    what: 'a prefix in S3 that is of another system than the backup',
    spoil: () => {
      const s3 = new DirectoryS3(on.source.host);
      s3.break('');
      s3.takeArchive();
      const identity = join(s3.dir, 'bucket', 'CLUSTER.json');
      writeFileSync(
        identity,
        readFileSync(identity, 'utf8').replace(/("system_identifier": ")\d+/, '$17000000001'),
      );
    },
    status: 11,
    reason:
      /several systems have written below s3:\/\/bucket\/: full_backup_.* is of the system \d+, and CLUSTER.json there of 7000000001\./,
    args: () => ['latest', '--sources', 's3'],
    settings: () => ({ S3_BUCKET: 'bucket' }),
  },
  {
    what: 'an archive that cannot be looked into',
    spoil: () => rmSync(on.source.host.wal, { recursive: true }),
    status: 9,
    reason: /cannot be looked into/,
  },
  {
    what: 'a target before the end of the backup',
    spoil: nothing,
    args: () => [on.backup, '--pitr', '2020-01-01 00:00:00'],
    status: 10,
    reason: /cannot be restored to a time before its own end/,
  },
  {
    what: 'a target in the future',
    spoil: nothing,
    args: () => [on.backup, '--pitr', '2100-01-01 00:00:00+01'],
    status: 10,
    reason: /2099-12-31 23:00:00.* UTC is out of reach: the last commit in the WAL is of 2/,
  },
  {
    what: 'a target after a hole',
    spoil: () => on.removeSegment(-2),
    args: () => [on.backup, '--pitr', '2100-01-01 00:00:00'],
    status: 10,
    reason: /out of reach.*Missing: \w{24}/,
  },
  {
    what: 'a target that is no time',
    spoil: nothing,
    args: () => [on.backup, '--pitr', 'yesterday'],
    status: 2,
    reason: /expected a time like/,
  },
  {
    what: 'an LSN out of reach',
    spoil: nothing,
    args: () => [on.backup, '--target-lsn', 'F/0'],
    status: 10,
    reason: /target F\/0 is out of reach/,
  },
  {
    what: 'a timeline that is not there',
    spoil: nothing,
    args: () => [on.backup, '--timeline', '7'],
    status: 10,
    reason: /00000007.history is in none/,
  },
  {
    what: 'two targets',
    spoil: nothing,
    args: () => [on.backup, '--pitr', ended_at(), '--target-lsn', '0/1'],
    status: 2,
    reason: /expected one target/,
  },
]);

function cpTimeline(): void {
  const name = on.segments().at(-1) ?? '';
  for (const end of ['', '.json'])
    cpSync(
      join(on.source.host.wal, name + end),
      join(on.source.host.wal, name.replace('00000001', '00000002') + end),
    );
}

test('--to-hole restores up to there', async () => {
  on.removeSegment(-2);
  on.source.host.own();
  const ran = await on.source.restore([on.backup, '--to-hole']);
  assert.equal(ran.status, 0, ran.stderr);
  assert.match(ran.stderr, /WAL is missing.*what comes after it is not restored/);
  assert.equal(on.source.rowsOf().count, 1);
});

test.run();
