// The document's scenario 3 for the whole cluster on real hosts: recover-cluster.yml rewinds it to a moment. Stopped just before the point
// of no return it is taken back as if nothing had happened; then it is done to its end.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  archiveASegment,
  asPostgres,
  CLUSTER,
  clusterSettles,
  DATA,
  type Ended,
  fanops,
  fanopsEnds,
  HOSTS,
  INSTALL,
  INVENTORY,
  leader,
  onHost,
  sqlOn,
  standbysStream,
  switchOver,
  textOn,
} from './on-lab.ts';

/** Who leads, which other node is restored, and the last moment before the mistake. */
let [leads, target, moment] = ['', '', ''];
let system = '';

const run = (at: string, ...more: string[]): string[] => [
  ...['run', 'playbooks/recover-cluster.yml', '-i', INVENTORY, '-e', `target=${target}`, '-e', `at=${at}`],
  ...['--yes', ...more],
];
const ANYWAY = ['-e', 'discard_survivors=true'];
const confirmed = (): string[] => [
  ...ANYWAY,
  ...['--confirm', `rewind to ${moment}+00:00`, '--confirm', 'accept'],
];

/** Names and contents of all archives, by host: sidecars hold the hashes of what they stand beside. */
const archives = (): string[] =>
  HOSTS.map((host) =>
    textOn(host, "cd /var/backups/fanatico && find full wal -name '*.json' -exec sha256sum {} + | sort"),
  );

const systemOf = (host: string): string => sqlOn(host, 'select system_identifier from pg_control_system()');

function assertAsBefore(): void {
  clusterSettles();
  assert.equal(leader(), leads);
  assert.equal(systemOf(leads), system);
  assert.equal(sqlOn(leads, 'select count(*) from orders'), '200');
  for (const host of HOSTS)
    textOn(host, 'cd /var/lib/fanatico && test ! -e schedule-freeze && test ! -e restore-in-progress');
}

test('a backup, rows after it, and then most of them are deleted', () => {
  fanopsEnds(0, 'lab', 'up');
  for (const playbook of [CLUSTER, INSTALL]) fanopsEnds(0, 'apply', ...playbook, '--yes');
  clusterSettles();
  leads = leader();
  target = HOSTS.find((host) => host !== leads) ?? assert.fail();
  system = systemOf(leads);
  sqlOn(leads, 'drop table if exists orders; create table orders as select generate_series(1, 1000) as n');
  asPostgres(leads, '/opt/fanatico/backup/scripts/backup-full.sh --verify');
  sqlOn(leads, 'insert into orders select generate_series(1001, 1500)');
  // As the document writes a time: without an offset, UTC.
  moment = sqlOn(leads, "select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')");
  sqlOn(leads, 'delete from orders where n > 200');
});

test('a working cluster is not rewound without more; the state beside it is offered', () => {
  const refused = fanopsEnds(
    5,
    ...run(moment, '--confirm', `rewind to ${moment}+00:00`, '--confirm', 'accept'),
  );
  assert.match(refused.all, new RegExp(`${leads} leads: the cluster works`));
  assert.match(refused.all, /beside the cluster first, and lose nothing: recover-pitr\.yml/);
  assertAsBefore();
});

test('a moment that cannot be reached is refused before anything is stopped', () => {
  const never = '2099-01-01 00:00:00';
  const refused = fanopsEnds(3, ...run(never, ...ANYWAY, '--until', '11'));
  assert.match(refused.all, /the target 2099-01-01 00:00:00.000000 UTC is out of reach/);
  assertAsBefore();
});

test('just before the point of no return nothing of it has reached an archive, and no Patroni starts', () => {
  const before = fanopsEnds(6, ...run(moment, ...confirmed(), '--until', '11'));
  assert.match(before.all, /this loses \d+ transactions that the WAL holds after the target/);
  const archived = archives();
  fanopsEnds(6, 'resume', 'last', '--until', '13');
  assert.deepEqual(archives(), archived);
  for (const host of HOSTS) {
    assert.notEqual(fanops(['lab', 'ssh', host, 'systemctl start patroni']).status, 0, host);
    textOn(host, 'test -e /var/lib/fanatico/restore-in-progress');
  }
});

test('taken back there: the same system, rows and leader; a switchover archives cleanly', () => {
  const kept = archives().flatMap((list) => list.split('\n'));
  fanopsEnds(0, ...run(moment, ...ANYWAY, '--undo', '13'));
  assertAsBefore();
  const now = new Set(archives().flatMap((list) => list.split('\n')));
  assert.deepEqual(
    kept.filter((line) => !now.has(line)),
    [],
  );
  archiveASegment(switchOver(leads, target));
  standbysStream(target);
  textOn(target, `ls -d ${DATA}.restored-*/PG_VERSION && rm -rf ${DATA}.restored-*`);
});

test('done to its end: the rows of that moment, on all nodes, archived, backed up, unfrozen', () => {
  const fulls = (): number => Number(textOn(target, 'ls /var/backups/fanatico/full/*.tar.gz.json | wc -l'));
  const before = fulls();
  const done: Ended = fanopsEnds(0, ...run(moment, ...confirmed()));
  assert.match(done.all, /POINT OF NO RETURN/);
  leads = target;
  clusterSettles();
  standbysStream(target);
  assert.equal(leader(), target);
  assert.equal(systemOf(target), system);
  for (const host of HOSTS) {
    assert.equal(sqlOn(host, 'select count(*) from orders'), '1500', host);
    textOn(host, 'cd /var/lib/fanatico && test ! -e schedule-freeze && test ! -e restore-in-progress');
  }
  assert.equal(fulls(), before + 1);
  archiveASegment(target);
  for (const host of HOSTS) onHost(host, `rm -rf ${DATA}.before-restore-*`);
  sqlOn(target, 'drop table orders');
});

test.run();
