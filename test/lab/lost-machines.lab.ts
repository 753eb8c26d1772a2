// Two of three machines are gone, the leader among them, and with them etcd's quorum: playbooks/recover-etcd.yml lets the survivor lead
// under a client that had been writing, and playbooks/rejoin-node.yml brings both back, one with what it had, one with empty disks.
import * as assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'uvu';
import { noteRecovery, timed } from './objectives.ts';
import {
  archiveASegment,
  assertUnchanged,
  CLUSTER,
  clusterSettles,
  DATA,
  fanopsEnds,
  HOSTS,
  INVENTORY,
  labWithBackups,
  onHost,
  soon,
  sqlOn,
  standbysStream,
  switchOver,
  textOn,
  tryOn,
} from './on-lab.ts';
import {
  type Commit,
  letItCommit,
  lossOf,
  position,
  startOracle,
  startWitness,
  stopOracle,
  witnessed,
} from './oracle.ts';

let led = '';
let [survivor, other] = ['', ''];
let commits: Commit[] = [];

const gone = (...hosts: string[]): string[] =>
  hosts.flatMap((host) => ['--lost', host, '--confirm', `${host} is powered off`]);
const recover = (): string[] => [
  ...['run', 'playbooks/recover-etcd.yml', '-i', INVENTORY, '-e', `target=${survivor}`],
  ...['--yes', '--confirm', `rebuild etcd on ${survivor}`],
];
const rejoin = (host: string): string[] => [
  ...['run', 'playbooks/rejoin-node.yml', '-i', INVENTORY, '-e', `target=${host}`],
  ...['--yes', '--confirm', `rejoin ${host}`],
];

test('a cluster, and a client that commits all the time', () => {
  [led, survivor, other] = labWithBackups();
  standbysStream(led);
  startOracle(survivor, led);
  letItCommit(survivor, 30);
});

test('it is refused while etcd has its quorum', () => {
  const refused = fanopsEnds(5, ...recover());
  assert.match(refused.all, /etcd has a quorum on .*: nothing is to be rebuilt/);
  assert.match(refused.all, /done: +nothing/);
});

test('the survivor leads with every commit that had reached it', () => {
  fanopsEnds(0, 'lab', 'kill', led, other);
  commits = stopOracle(survivor);
  const end = position(sqlOn(survivor, 'select pg_last_wal_receive_lsn()'));
  startWitness(survivor);
  const begun = Date.now() / 1000;
  const doneSeconds = timed(() => fanopsEnds(0, ...recover(), ...gone(led, other)));
  noteRecovery({
    scenario: 0,
    happened: 'two of three machines gone for good, the leader among them: etcd rebuilt from one member',
    runbook: 'recover-etcd.yml',
    serviceSeconds: witnessed(survivor) - begun,
    doneSeconds,
    lost: lossOf(survivor, commits),
  });
  const held = new Set(sqlOn(survivor, 'select n from oracle').split('\n').map(Number));
  const missing = commits.filter(({ n }) => !held.has(n));
  assert.deepEqual(
    missing.filter(({ after }) => after <= end),
    [],
    'had reached it, and is lost',
  );
  // One may have been on its way to the client when the plug was pulled.
  const known = new Set(commits.map(({ n }) => n));
  assert.ok([...held].filter((n) => !known.has(n)).length <= 1, 'there, and never acknowledged');
  assert.ok(held.size >= 30);
  console.log(`  ${held.size} commits there, ${missing.length} acknowledged by the leader and never sent`);
});

test('a machine comes back with what it had, alone; then one without', async () => {
  await comesBack(led, () => {
    withoutEtcd(led, () => {
      fanopsEnds(3, ...rejoin(led), ...gone(other));
      // It is entered and does not run: the one that leads must not need it.
      assert.match(textOn(survivor, 'etcdctl member list'), /unstarted, .*, true$/m);
      onHost(survivor, 'etcdctl endpoint health');
    });
    fanopsEnds(0, ...rejoin(led), ...gone(other));
  });
  await comesBack(other, () => {
    onHost(
      other,
      `systemctl kill --kill-who=all --signal=KILL patroni; systemctl stop patroni
       systemctl stop --no-block etcd; systemctl kill --signal=KILL etcd; systemctl stop etcd
       rm -rf ${DATA} /var/lib/etcd/fanatico`,
    );
    fanopsEnds(0, ...rejoin(other));
  });
});

test('afterwards all is as before: three members, the same settings, and another one can lead and archive', () => {
  clusterSettles();
  standbysStream(survivor);
  assert.equal(sqlOn(led, 'select count(*) from oracle'), sqlOn(survivor, 'select count(*) from oracle'));
  assert.equal(
    textOn(survivor, 'etcdctl endpoint health --cluster 2>&1 | grep -c "is healthy"'),
    String(HOSTS.length),
  );
  assertUnchanged(fanopsEnds(0, 'apply', ...CLUSTER, '--yes'));
  archiveASegment(switchOver(survivor, other));
  for (const host of HOSTS)
    onHost(
      host,
      `cd /var/lib/fanatico && test ! -e schedule-freeze && test ! -e restore-in-progress
       rm -rf ${DATA}.before-restore-* /var/lib/etcd/fanatico.before-recovery-*`,
    );
});

/** Its etcd cannot start meanwhile. */
function withoutEtcd(host: string, act: () => void): void {
  const settings = '/run/systemd/system/etcd.service.d/broken.conf';
  onHost(
    host,
    `mkdir -p ${settings.replace(/\/[^/]*$/, '')}
     printf '[Service]\\nExecStartPre=/bin/false\\n' >${settings} && systemctl daemon-reload`,
  );
  act();
  onHost(host, `rm ${settings} && systemctl daemon-reload`);
}

/** Switches it on and acts as soon as it answers: its boot ends only with an etcd that it cannot have yet. */
async function comesBack(host: string, act: () => void): Promise<void> {
  const boot: ChildProcess = spawn('bin/fanops', ['lab', 'start', host], { stdio: 'ignore' });
  const ended = once(boot, 'exit');
  soon(`${host} answers`, () => tryOn(host, 'true').status === 0);
  act();
  await ended;
}

test.run();
