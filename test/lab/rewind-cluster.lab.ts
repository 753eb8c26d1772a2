// The document's scenario 3 for the whole cluster on real hosts: recover-cluster.yml rewinds it to a moment. Stopped just before the point
// of no return it is taken back as if nothing had happened; then it is done to its end.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  archiveASegment,
  DATA,
  fanopsEnds,
  HOSTS,
  labWithBackups,
  leader,
  onHost,
  schedulesGoOn,
  schedulesRest,
  sqlOn,
  standbysStream,
  switchOver,
  textOn,
  tryOn,
} from './on-lab.ts';
import { ANYWAY, archives, NOW, Rewinding } from './rewinding.ts';

let cluster: Rewinding;

function assertAsBefore(): void {
  cluster.assertAsBefore();
  assert.equal(leader(), cluster.leads);
}

test('a backup, rows after it, and then most of them are deleted', () => {
  labWithBackups();
  schedulesRest();
  cluster = new Rewinding();
});

test('a working cluster is not rewound without more; the state beside it is offered', () => {
  const refused = fanopsEnds(5, ...cluster.run(cluster.moment, ...cluster.confirmed));
  assert.match(refused.all, new RegExp(`${cluster.leads} leads: the cluster works`));
  assert.match(refused.all, /beside the cluster first, and lose nothing: recover-pitr\.yml/);
  assertAsBefore();
});

test('a moment that cannot be reached is refused before anything is stopped', () => {
  const refused = fanopsEnds(5, ...cluster.run('2099-01-01 00:00:00', ...ANYWAY, '--until', '11'));
  assert.match(refused.all, /2099-01-01 00:00:00 UTC is still to come/);
  assertAsBefore();
});

test('just before the point of no return nothing of it has reached an archive, and no Patroni starts', () => {
  const stopped = cluster.run(cluster.moment, ...ANYWAY, ...cluster.confirmed, '--until', '11');
  const { all } = fanopsEnds(6, ...stopped);
  assert.match(all, /this loses \d+ transactions that the WAL holds after the target/);
  const archived = archives();
  fanopsEnds(6, 'resume', 'last', '--until', '13');
  assert.deepEqual(archives(), archived);
  for (const host of HOSTS) assert.notEqual(tryOn(host, 'systemctl start patroni').status, 0, host);
});

test('taken back there: the same system, rows and leader; a switchover archives cleanly, a restore to latest has them', () => {
  const kept = archives();
  fanopsEnds(0, ...cluster.run(cluster.moment, ...ANYWAY, '--undo', '13'));
  assertAsBefore();
  const now = new Set(archives());
  assert.deepEqual(
    kept.filter((line) => !now.has(line)),
    [],
  );
  archiveASegment(switchOver(cluster.leads, cluster.target));
  standbysStream(cluster.target);
  cluster.assertLatestHas(NOW);
  textOn(cluster.target, `ls -d ${DATA}.restored-*/PG_VERSION && rm -rf ${DATA}.restored-*`);
});

test('done to its end: the rows of that moment, on all nodes, archived, backed up, unfrozen', () => {
  const { target } = cluster;
  const fulls = (): number => Number(textOn(target, 'ls /var/backups/fanatico/full/*.tar.gz.json | wc -l'));
  const before = fulls();
  fanopsEnds(0, ...cluster.run(cluster.moment, ...ANYWAY, ...cluster.confirmed));
  cluster.assertRewound();
  standbysStream(target);
  assert.equal(fulls(), before + 1);
  archiveASegment(target);
  for (const host of HOSTS) onHost(host, `rm -rf ${DATA}.before-restore-*`);
  sqlOn(target, 'drop table orders');
  schedulesGoOn();
});

test.run();
