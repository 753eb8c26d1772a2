// The document's scenario 2 on real hosts: all three data directories are gone, and playbooks/recover-cluster.yml brings back what
// the archives have, and what a data directory that is given up holds beyond them.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
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
  standbysStream,
  switchOver,
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
  const refused = fanopsEnds(5, ...run(), ...confirmed());
  assert.match(refused.all, new RegExp(`${survivor} still holds data, and that is newer than any backup`));
  assertUntouched();
  onHost(survivor, `test -s ${DATA}/PG_VERSION`);
});

test('WAL that no archive has, and a data directory that is given up holds whole, is archived from there', () => {
  const end = endOfArchive(target);
  const lost = newestSegment(target);
  onHost(target, `rm /var/backups/fanatico/wal/${lost}.gz*`);
  assert.ok(endOfArchive(target) < end);
  const anyway = ['-e', 'discard_survivors=true'];
  const stopped = fanopsEnds(6, ...run(), ...anyway, ...confirmed(), '--until', '9');
  assert.match(stopped.all, /is not whole, and stays in/);
  assert.equal(newestSegment(survivor), lost);
});

test('it brings back exactly what was archived', () => {
  deleteData(survivor);
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
});

test.run();
