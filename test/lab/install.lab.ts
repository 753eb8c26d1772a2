// The documented install on real hosts: playbooks/install.yml on the cluster of cluster.yml, its refusals, and what
// clients notice of it.
import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import {
  archiveASegment,
  archiver,
  assertUnchanged,
  backUp,
  CLUSTER,
  clusterSettles,
  fanopsEnds,
  HOSTS,
  INSTALL,
  leader,
  onHost,
  recapOf,
  sqlOn,
  standbysStream,
  switchOver,
  textOn,
  tryOn,
} from './on-lab.ts';

const KEY = '/etc/fanatico/backup.key';
const FULL = '/var/backups/fanatico/full';

/** As backup-freeze.sh writes it, which is not there yet. */
const FREEZE = `mkdir -p /var/lib/fanatico; jq -n --arg from "$(date -u +%FT%TZ)" --arg to "$(date -u -d '2 hours' +%FT%TZ)" \
  '{holder: "test", reason: "backups are counted", since: $from, expires: $to}' >/var/lib/fanatico/schedule-freeze`;

/** Name of the full backup that the later tests decrypt, and who made it. */
let backup = { name: '', on: '' };

function archiveTimeout(): string {
  return textOn('db1', 'curl -s http://$(hostname):8008/config | jq .postgresql.parameters.archive_timeout');
}

test('a cluster is there, and nothing of the backup system', () => {
  fanopsEnds(0, 'lab', 'up');
  const nothing = `test ! -e ${KEY} && test ! -e /opt/fanatico/backup`;
  if (HOSTS.some((host) => tryOn(host, nothing).status !== 0)) fanopsEnds(0, 'lab', 'reset');
  clusterSettles();
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  for (const host of HOSTS) textOn(host, nothing);
  // As on a new cluster.
  const leads = leader();
  if (leads !== 'db1') standbysStream(switchOver(leads, 'db1'));
  // These tests count backups: none is to be made by the schedule meanwhile, as it would where there is none yet.
  for (const host of HOSTS) textOn(host, FREEZE);
});

test('under --limit nothing that concerns the cluster is done, and the reason is said', () => {
  const applied = fanopsEnds(0, 'apply', ...INSTALL, '--yes', '--limit', 'db3');
  assert.match(applied.all, /Warning: --limit leaves out members/);
  assert.match(recapOf(applied).join(), /^db3 .*changed=[1-9]/);
  for (const host of HOSTS) textOn(host, `test ! -e ${KEY}`);
  assert.equal(archiveTimeout(), 'null');
});

test('it installs, and a client that tries again loses nothing that was acknowledged', () => {
  sqlOn(leader(), 'create table written (n int, at timestamptz default clock_timestamp())');
  onHost('db3', 'cat > /root/writer.sh; systemd-run --quiet --unit=writer bash /root/writer.sh', WRITER);
  const applied = fanopsEnds(0, 'apply', ...INSTALL, '--yes');
  textOn('db3', 'touch /run/writer.stop; while systemctl -q is-active writer; do sleep 0.1; done');
  assert.match(applied.all, /archive_timeout is 300 s.*misses the objective/);
  assert.equal(recapOf(applied).length, 3, applied.all.slice(-3000));
  const acknowledged = textOn('db3', 'cat /root/written')
    .split('\n')
    .map((line) => line.split(' ').map(Number));
  const kept = new Set(sqlOn(leader(), 'select n from written').split('\n').map(Number));
  const lost = acknowledged.filter(([n]) => !kept.has(n as number));
  assert.deepEqual(lost, [], 'acknowledged, and not there');
  const gaps = acknowledged.slice(1).map(([, at = 0], i) => at - (acknowledged[i]?.[1] ?? 0));
  const longest = Math.max(...gaps) / 1000;
  console.log(`  ${acknowledged.length} commits acknowledged, none lost; longest time without: ${longest} s`);
  assert.ok(acknowledged.length > 100, `only ${acknowledged.length} commits`);
  assert.ok(longest < 30, `${longest} s without a leader`);
});

test('archiving counts up without a failure', () => {
  const on = leader();
  archiveASegment(on);
  assert.equal(archiver(on).failed, 0);
});

test('a full backup is made by the leader alone, and verified', () => {
  const on = leader();
  assert.notEqual(on, 'db1', 'db1 led first, and is rebuilt below');
  for (const host of HOSTS) backUp(host, '--verify');
  const made = HOSTS.flatMap((host) => {
    const names = textOn(host, `ls ${FULL}`).split('\n');
    return names
      .filter((n) => /^full_backup_\d{8}_\d{6}\.tar\.gz$/.test(n))
      .map((name) => ({ name, on: host }));
  });
  assert.equal(made.length, 1, JSON.stringify(made));
  backup = made[0] ?? assert.fail();
  assert.equal(backup.on, on);
  assert.equal(textOn(on, `readlink ${FULL}/latest.tar.gz`), backup.name);
});

test('it is encrypted, and decrypts to what pg_verifybackup accepts', () => {
  assert.equal(textOn(backup.on, `head -c 8 ${FULL}/${backup.name}`), 'Salted__');
  decrypts(backup.on, `${FULL}/${backup.name}`);
});

test('both playbooks again change nothing, and their plans are empty', () => {
  for (const playbook of [CLUSTER, INSTALL]) assertUnchanged(fanopsEnds(0, 'apply', ...playbook, '--yes'));
  assert.match(fanopsEnds(0, 'plan', ...INSTALL, '--detailed-exitcode').all, /^No changes\.$/m);
});

test('with a member down a change of archiving waits, and the reason is said', () => {
  const replica = HOSTS.find((host) => host !== leader()) as string;
  onHost(replica, 'systemctl stop patroni');
  const applied = fanopsEnds(0, 'apply', ...INSTALL, '--yes', '-e', 'archive_timeout=60');
  onHost(replica, 'systemctl start patroni');
  clusterSettles();
  assert.match(applied.all, new RegExp(`Warning: Patroni does not show.*${replica}`));
  assertUnchanged(applied);
  assert.equal(archiveTimeout(), '300');
});

test('a second key is refused, and both members are named', () => {
  const before = textOn('db1', `cat ${KEY}`);
  onHost('db2', `cp -p ${KEY} /root/kept; openssl rand -base64 32 > ${KEY}`);
  const planted = textOn('db2', `cat ${KEY}`);
  const refused = fanopsEnds(3, 'apply', ...INSTALL, '--yes');
  assert.match(refused.all, /db1.*db2|db2.*db1/);
  for (const secret of [before, planted]) assert.ok(!refused.all.includes(secret), 'a key is shown');
  assertSame('db1', before);
  assertSame('db2', planted);
  onHost('db2', `cat /root/kept > ${KEY}; rm /root/kept`);
});

test('no new key is made for old backups', () => {
  for (const host of HOSTS) onHost(host, `mv ${KEY} /root/kept.key`);
  const refused = fanopsEnds(3, 'apply', ...INSTALL, '--yes');
  for (const host of HOSTS) onHost(host, `test ! -e ${KEY} && mv /root/kept.key ${KEY}`);
  assert.match(refused.all, /restore the key from escrow/);
});

test('another key than the one of the archive is refused', () => {
  const other = textOn('db1', 'openssl rand -base64 32');
  for (const host of HOSTS) onHost(host, `cp -p ${KEY} /root/kept.key; cat > ${KEY}`, `${other}\n`);
  const refused = fanopsEnds(3, 'apply', ...INSTALL, '--yes');
  for (const host of HOSTS) onHost(host, `cat /root/kept.key > ${KEY}; rm /root/kept.key`);
  assert.match(
    refused.all,
    /The archive was made with the key [0-9a-f]{16}, and the members hold [0-9a-f]{16}/,
  );
});

test('a member whose disk is gone is rebuilt by both playbooks, and decrypts the old backup', () => {
  if (leader() === 'db1') tryOn('db1', 'patronictl switchover --force --candidate db2');
  const stored = onHost(backup.on, `cat ${FULL}/${backup.name}`);
  fanopsEnds(0, 'lab', 'reset', 'db1');
  for (const playbook of [CLUSTER, INSTALL]) fanopsEnds(0, 'apply', ...playbook, '--yes');
  onHost('db1', 'cat > /var/tmp/old.tar.gz', stored);
  decrypts('db1', '/var/tmp/old.tar.gz');
  for (const playbook of [CLUSTER, INSTALL]) assertUnchanged(fanopsEnds(0, 'apply', ...playbook, '--yes'));
});

function assertSame(host: string, key: string): void {
  assert.equal(textOn(host, `cat ${KEY}`), key, `${host}'s key was changed`);
}

/** As docs/backup-format.md says: with openssl, gzip and tar alone. */
function decrypts(host: string, file: string): void {
  const said = textOn(
    host,
    `set -euo pipefail; out=$(mktemp -d /var/tmp/unpacked.XXXX); trap 'rm -rf "$out"' EXIT
     openssl enc -d -aes-256-cbc -pbkdf2 -iter 10000 -md sha256 -pass file:${KEY} <${file} | gzip -dc | tar -xf - -C "$out"
     /usr/lib/postgresql/15/bin/pg_verifybackup "$out"`,
  );
  assert.match(said, /backup successfully verified/);
}

/** Commits numbers one after the other, trying again until each is acknowledged; notes number and milliseconds. */
const WRITER = `
exec 2>/root/writer.log
export PGPASSWORD=$(cat /etc/fanatico/secrets/postgres-superuser) PGCONNECT_TIMEOUT=2
for ((n = 1; ; n++)); do
  until psql -XAtq "host=db1,db2,db3 user=postgres dbname=postgres target_session_attrs=read-write" \\
    -c "insert into written (n) values ($n)"; do sleep 0.05; done
  echo "$n $(date +%s%3N)" >>/root/written
  [ ! -e /run/writer.stop ] || exit 0
done
`;

test('the schedule goes on', () => {
  for (const host of HOSTS) textOn(host, 'rm -f /var/lib/fanatico/schedule-freeze');
});

test.run();
