// Stops recover-cluster.yml behind each of its steps, on the lab, and goes back; behind the point of no return, where there is no way back, it
// goes on. See docs/recovery-campaigns.md.
//
// usage: node --disable-warning=ExperimentalWarning test/campaigns/step-boundaries.ts [--reboot] [FIRST [LAST]]
//   --reboot   all nodes are rebooted where it was stopped
import * as assert from 'node:assert/strict';
import {
  archiveASegment,
  clusterSettles,
  DATA,
  fanops,
  fanopsEnds,
  HOSTS,
  labWithBackups,
  leader,
  onHost,
  switchOver,
} from '../lab/on-lab.ts';
import { ANYWAY, archives, NOW, Rewinding, THEN } from '../lab/rewinding.ts';

const LAST_WAY_BACK = 13;
const REPLICAS = 16;
const STEPS = 20;

const words = process.argv.slice(2);
const reboots = words.includes('--reboot');
const [first = 1, last = STEPS - 1] = words.filter((word) => /^\d+$/.test(word)).map(Number);

labWithBackups();
for (let step = first; step <= last; step++) {
  const begun = Date.now();
  const cluster = new Rewinding();
  const before = archives();
  const rewind = cluster.run(cluster.moment, ...ANYWAY, ...cluster.confirmed, '--until', String(step));
  fanopsEnds(6, ...rewind);
  const archived = [...before, ...archives()];
  if (reboots) reboot();
  if (step <= LAST_WAY_BACK) goBack(cluster, step);
  else goOn(cluster, step);
  const now = new Set(archives());
  assert.deepEqual(
    archived.filter((line) => !now.has(line)),
    [],
    'the archives still hold what they held',
  );
  const leads = leader();
  archiveASegment(switchOver(leads, HOSTS.find((host) => host !== leads) ?? assert.fail()));
  cluster.assertLatestHas(step <= LAST_WAY_BACK ? NOW : THEN);
  for (const host of HOSTS) onHost(host, `rm -rf ${DATA}.before-restore-* ${DATA}.restored-*`);
  const how = step <= LAST_WAY_BACK ? 'taken back' : 'gone on';
  console.log(
    `step ${step}${reboots ? ', rebooted' : ''}: ${how}, ${Math.round((Date.now() - begun) / 1000)} s`,
  );
}

function goBack(cluster: Rewinding, step: number): void {
  fanopsEnds(0, ...cluster.run(cluster.moment, ...ANYWAY, '--undo', String(step)));
  cluster.assertAsBefore();
}

function goOn(cluster: Rewinding, step: number): void {
  // Only the steps before wait for the cluster by themselves.
  if (step >= REPLICAS) clusterSettles();
  fanopsEnds(0, 'resume', 'last');
  cluster.assertRewound();
}

/** All at once, as after a power cut, and back when etcd has its quorum. */
function reboot(): void {
  fanopsEnds(0, 'lab', 'kill', ...HOSTS);
  fanopsEnds(0, 'lab', 'start', ...HOSTS);
  const deadline = Date.now() + 120_000;
  while (fanops(['lab', 'ssh', 'db1', 'etcdctl endpoint health --cluster']).status !== 0)
    assert.ok(Date.now() < deadline, 'etcd has no quorum two minutes after the reboot');
}
