// The document's scenario 2 on real hosts: all three data directories are gone, and playbooks/recover-cluster.yml brings back what
// the archives have, and what a data directory that is given up holds beyond them.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { fingerprint, refusedUntouched } from './fingerprint.ts';
import { noteRecovery, timed } from './objectives.ts';
import {
  archiveASegment,
  assertUntouched,
  backUp,
  DATA,
  deleteData,
  fanopsEnds,
  INVENTORY,
  killPatroni,
  labWithBackups,
  leader,
  onHost,
  schedulesGoOn,
  schedulesRest,
  standbysStream,
  switchOver,
  textOn,
} from './on-lab.ts';
import {
  assertHolds,
  type Commit,
  endOfArchive,
  letItCommit,
  lossOf,
  newestSegment,
  startOracle,
  startWitness,
  stopOracle,
  witnessed,
} from './oracle.ts';

/** Who led, and is restored: the archive is there. */
let target = '';
let [replica, survivor] = ['', ''];
let commits: Commit[] = [];
const PARENT = DATA.replace(/\/[^/]*$/, '');

const run = (): string[] => [
  'run',
  'playbooks/recover-cluster.yml',
  '-i',
  INVENTORY,
  '-e',
  `target=${target}`,
];
const confirmed = (): string[] => ['--yes', '--confirm', `restore ${target}`, '--confirm', 'accept'];

test('a cluster with backups, and a client that commits all the time', () => {
  [target, replica, survivor] = labWithBackups();
  schedulesRest();
  startOracle(survivor, target);
  backUp(target, '--verify');
  letItCommit(survivor, 30);
  archiveASegment(target);
  letItCommit(survivor, 30);
  archiveASegment(target);
  letItCommit(survivor, 5);
});

test('it is refused while the cluster works', () => {
  const refused = fanopsEnds(5, ...run(), ...confirmed());
  assert.match(refused.all, new RegExp(`${target} leads: the cluster works`));
  assertUntouched();
});

test('it is refused while one data directory survives, which holds more than the backup', () => {
  for (const host of [target, replica, survivor]) killPatroni(host);
  commits = stopOracle(survivor);
  for (const host of [target, replica]) deleteData(host);
  refusedUntouched(
    [...run(), ...confirmed()],
    new RegExp(`${survivor} still holds data, and that is newer than any backup`),
  );
  onHost(survivor, `test -s ${DATA}/PG_VERSION`);
});

test('without a primary nobody is rebuilt, and nobody brought back', () => {
  for (const [runbook, word, says] of [
    ['recover-node', 'rebuild', /nobody leads, so there is nobody to clone from/],
    ['rejoin-node', 'rejoin', /nobody leads/],
  ] as const)
    refusedUntouched(
      [
        ...['run', `playbooks/${runbook}.yml`, '-i', INVENTORY, '-e', `target=${replica}`],
        ...['--yes', '--confirm', `${word} ${replica}`],
      ],
      says,
    );
});

test('WAL that no archive has, and a data directory that is given up holds whole, is archived from there', () => {
  const end = endOfArchive(target);
  const lost = newestSegment(target);
  onHost(target, `rm /var/backups/fanatico/wal/${lost}.gz*`);
  assert.ok(endOfArchive(target) < end);
  const anyway = ['-e', 'discard_survivors=true'];
  const stopped = fanopsEnds(6, ...run(), ...anyway, ...confirmed(), '--until', '11');
  assert.match(stopped.all, /is not whole, and stays in/);
  assert.equal(newestSegment(survivor), lost);
});

test('it does not restore while a Patroni runs on another node', () => {
  const marker = '/var/lib/fanatico/restore-in-progress';
  const starts = `mv ${marker} /root/ && systemctl start patroni
    timeout 60 sh -c 'until curl -s -o /dev/null http://$(hostname):8008/patroni; do sleep 0.2; done'`;
  const stops = `systemctl stop patroni && mv /root/restore-in-progress ${marker}`;
  meanwhile(replica, starts, stops, () => {
    const before = fingerprint();
    const refused = fanopsEnds(5, 'resume', 'last', ...confirmed().slice(1));
    assert.match(
      refused.all.replaceAll(/\s+/g, ' '),
      /a Patroni runs, .* on a node that is none of these: db\d, db\d\. Stop it there/,
    );
    assert.deepEqual(fingerprint(), before);
  });
});

test('it does not begin behind the steps that move the data aside while there is some', () => {
  const before = fingerprint();
  const refused = fanopsEnds(5, ...run(), '--yes', '--confirm', 'accept', '--from', '14');
  assert.match(
    refused.all.replaceAll(/\s+/g, ' '),
    /--from would skip step 13 \(Move the data of the other nodes aside\), .* has data \(of .*db\d\)/,
  );
  assert.deepEqual(fingerprint(), before);
});

test('without enough WAL or room nothing is begun', () => {
  deleteData(survivor);
  const asked = [...run(), ...confirmed()];
  const segment = textOn(target, 'ls /var/backups/fanatico/wal | grep -oE "^[0-9A-F]{24}" | sort -u')
    .split('\n')
    .at(-1);
  const wal = '/var/backups/fanatico/wal';
  meanwhile(
    target,
    `mkdir /root/hidden && mv ${wal}/${segment}.gz* /root/hidden/`,
    `mv /root/hidden/* ${wal}/ && rmdir /root/hidden`,
    () =>
      refusedUntouched(
        asked,
        new RegExp(
          `no archive has the WAL segment ${segment}, though [0-9A-F]{24} comes after it. From full_backup_.* reaches .*backup-wal.sh ${segment} .*-e to_hole=true`,
        ),
      ),
  );
  meanwhile(target, `mount -t tmpfs -o size=8m,mode=1777 small ${PARENT}`, `umount ${PARENT}`, () =>
    refusedUntouched(
      asked,
      new RegExp(`${target} has 8 MiB free where ${DATA} belongs, and about \\d+ MiB are needed`),
    ),
  );
  const now = textOn(target, 'date -u "+%F %T+00:00"');
  for (const [at, says] of [
    [
      '2020-01-01 00:00:00+00:00',
      /lies before the end, .* the oldest backup\. In reach is what lies between/,
    ],
    [now, /lies after what the archived WAL reaches\. In reach is what lies between .* all there is/],
  ] as const)
    refusedUntouched(
      [...run(), '-e', `at=${at}`, '--yes', '--confirm', `rewind to ${at}`, '--confirm', 'accept'],
      says,
    );
});

test('it brings back exactly what was archived', () => {
  const end = endOfArchive(survivor);
  startWitness(survivor);
  const begun = Date.now() / 1000;
  const doneSeconds = timed(() => fanopsEnds(0, ...run(), ...confirmed()));
  assert.equal(leader(), target);
  console.log(`  ${assertHolds(target, commits, end)}`);
  noteRecovery({
    scenario: 2,
    happened: 'all servers killed, all three data directories deleted',
    runbook: 'recover-cluster.yml',
    serviceSeconds: witnessed(survivor) - begun,
    doneSeconds,
    lost: lossOf(target, commits),
  });
});

test('afterwards the others stream, the schedules go on, and a switchover archives cleanly', () => {
  assertUntouched();
  standbysStream(target);
  archiveASegment(switchOver(target, replica));
  standbysStream(replica);
  onHost(survivor, `rm -rf ${DATA}.before-restore-*`);
  schedulesGoOn();
});

/** What is broken is mended again, whatever comes of it. */
function meanwhile(host: string, breaks: string, mends: string, act: () => void): void {
  try {
    onHost(host, breaks);
    act();
  } finally {
    onHost(host, mends);
  }
}

test.run();
