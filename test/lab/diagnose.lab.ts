// The runbooks that look and practise, on real hosts: verify-backups.yml, drill.yml and diagnose.yml, which names what is planted.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  archiveASegment,
  asPostgres,
  backUp,
  clusterSettles,
  fanopsEnds,
  HOSTS,
  INVENTORY,
  labWithBackups,
  leader,
  SCRIPTS,
  sqlOn,
  textOn,
} from './on-lab.ts';

const ARCHIVE = '/var/backups/fanatico';
const REPORTS = '/var/log/fanatico/backup-reports';

let [leads, one, other] = ['', '', ''];

const run = (code: number, playbook: string, ...more: string[]): string =>
  fanopsEnds(code, 'run', `playbooks/${playbook}.yml`, '-i', INVENTORY, '--yes', ...more).all;

test('a cluster with a backup and WAL after it', () => {
  [leads, one, other] = labWithBackups();
  backUp(leads);
  sqlOn(leads, 'drop table if exists tolls; create table tolls as select generate_series(1, 500) as n');
  archiveASegment(leads);
});

test('verify-backups.yml restores the newest backup, too, and names what is spoilt', () => {
  assert.match(run(0, 'verify-backups', '-e', 'full_test=true'), /backup_verification_\d+_\d+\.json/);
  const checks = textOn(
    leads,
    `jq -r '.results[].check' "$(ls -t ${REPORTS}/backup_verif*.json | head -n 1)"`,
  );
  assert.match(checks, /pg_dumpall/);
  const segment = textOn(leads, `ls -t ${ARCHIVE}/wal/????????????????????????.gz | head -n 1`);
  textOn(
    leads,
    `cp -p ${segment} /root/whole.gz && printf spoilt.. | dd of=${segment} seek=900 bs=1 conv=notrunc`,
  );
  assert.match(
    run(3, 'verify-backups'),
    new RegExp(`ended with 6 on ${leads}: .*sha256 is not the one`, 's'),
  );
  textOn(leads, `cp -p /root/whole.gz ${segment} && rm /root/whole.gz`);
});

test('drill.yml restores beside production, measures, tells all nodes, and leaves nothing behind', () => {
  run(0, 'drill', '-e', `target=${one}`);
  for (const host of HOSTS) {
    const status = JSON.parse(asPostgres(host, `${SCRIPTS}/backup-status.sh --json || true`));
    assert.match(status.last_drill, new RegExp(` on ${one}: ok$`));
    assert.ok(status.last_drill_rto_seconds >= 0 && status.last_drill_rpo_seconds >= 0, status.last_drill);
  }
  textOn(one, 'test ! -e /var/lib/fanatico/drill');
  assert.equal(leader(), leads);
});

const PLANTED = [
  [() => leads, /archiving fails\. Next: the reason is in/],
  [() => leads, /there is no full backup here\. Next: as postgres on the leader: .*backup-full.sh --verify/],
  [() => leads, /the archive's disk is \d+ % full\. Next: .*backup-retention.sh --dry-run/],
  [() => one, /there is no key at \/etc\/fanatico\/backup.key\. Next: put the right one there/],
  [() => other, /cron does not run: .*Next: systemctl enable --now cron/],
] as const;

/** The findings of each node, and what the cluster as a whole was warned of. */
function diagnosed(...more: string[]) {
  const said = run(0, 'diagnose', ...more).replaceAll(/^ *\[(db\d)\] [|!] /gm, '$1: ');
  const of = (host: string) =>
    said
      .split('\n')
      .filter((line) => line.startsWith(`${host}: - `))
      .join('\n');
  return { said, of };
}

test('diagnose.yml names what is planted, on its node, with the next step', () => {
  sqlOn(leads, "alter system set archive_command = '/bin/false'");
  sqlOn(leads, 'select pg_reload_conf()');
  sqlOn(leads, 'create table more_tolls (n int); select pg_switch_wal()');
  textOn(
    leads,
    `until [ "$(runuser -u postgres -- psql -XAtc 'select last_failed_time > last_archived_time from pg_stat_archiver')" = t ]; do sleep 0.2; done`,
  );
  // Its healing would make a full backup within five minutes.
  textOn(leads, 'systemctl stop cron && flock /var/lib/fanatico/backup-heal.lock true');
  textOn(
    leads,
    `mv ${ARCHIVE}/full ${ARCHIVE}/full.away && install -d -o postgres -g postgres -m 700 ${ARCHIVE}/full`,
  );
  textOn(one, 'mv /etc/fanatico/backup.key /etc/fanatico/backup.key.away');
  textOn(other, 'systemctl stop cron');
  const { said, of } = diagnosed('-e', 'disk_full_percent=0');
  for (const [host, found] of PLANTED) assert.match(of(host()), found);
  assert.match(said, new RegExp(`${one} has no key at /etc/fanatico/backup.key`));
});

test('mended, none of it is found any more', () => {
  sqlOn(leads, 'alter system reset archive_command');
  sqlOn(leads, 'select pg_reload_conf()');
  textOn(leads, `rmdir ${ARCHIVE}/full && mv ${ARCHIVE}/full.away ${ARCHIVE}/full`);
  textOn(one, 'mv /etc/fanatico/backup.key.away /etc/fanatico/backup.key');
  for (const host of [leads, other]) textOn(host, 'systemctl start cron');
  sqlOn(leads, 'drop table tolls, more_tolls');
  archiveASegment(leads);
  const { of } = diagnosed('-e', 'disk_full_percent=101');
  for (const [host, found] of PLANTED) assert.doesNotMatch(of(host()), found);
});

test('a cluster without a leader is told so, with what to do first and where the newest data is', () => {
  const stop = 'systemctl stop patroni';
  for (const host of [one, other, leads]) textOn(host, stop);
  try {
    const said = run(0, 'diagnose').replaceAll(/[\s|!]+/g, ' ');
    assert.match(said, /Nobody leads\. Data is on: db\d, db\d, db\d; .* etcd first\. .* recover-etcd\.yml/);
    assert.doesNotMatch(said, /do not agree/);
  } finally {
    for (const host of [leads, one, other]) textOn(host, 'systemctl start patroni');
  }
  clusterSettles();
});

test.run();
