// All machines are gone, and S3 is left: new ones, the key from escrow, cluster.yml, install.yml, recover-s3.yml; taken back once before its
// point of no return. On the lab. See docs/recovery-campaigns.md.
//
// usage: node --disable-warning=ExperimentalWarning test/campaigns/new-machines.ts
import * as assert from 'node:assert/strict';
import {
  archiveASegment,
  asPostgres,
  assertUntouched,
  backUp,
  CLUSTER,
  fanops,
  fanopsEnds,
  HOSTS,
  INVENTORY,
  leader,
  onHost,
  SCRIPTS,
  soon,
  sqlOn,
  standbysStream,
  switchOver,
  textOn,
} from '../lab/on-lab.ts';
import { BUCKET, S3Lab } from '../lab/s3-lab.ts';

const KEY = '/etc/fanatico/backup.key';
const ARCHIVE = '/var/backups/fanatico';
const TARGET = 'db1';
const LAST_WAY_BACK = '9';
const RUN = ['run', 'playbooks/recover-s3.yml', '-i', INVENTORY, '-e', `target=${TARGET}`, '--yes'];
const RESTORE = ['--confirm', `restore ${TARGET} from S3`];

const said = (what: string): void => console.log(`${new Date().toISOString().slice(11, 19)} ${what}`);

fanopsEnds(0, 'lab', 'up');
fanopsEnds(0, 'lab', 'reset');
fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
const lab = await S3Lab.start();
try {
  lab.install();
  lab.s3.aws('s3', 'mb', `s3://${BUCKET}`);
  const old = fillAndUpload();
  said('a backup and WAL are in S3');
  const before = objects();

  fanopsEnds(0, 'lab', 'reset');
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  onHost(TARGET, `install -m 600 -o postgres -g postgres /dev/stdin ${KEY}`, old.key);
  lab.install();
  const founded = systemOf(leader());
  assert.notEqual(founded, old.system);
  said('new machines have a cluster of their own');
  assertNothingIsUploaded(before);

  const archived = archives();
  fanopsEnds(6, ...RUN, ...RESTORE, '--until', LAST_WAY_BACK);
  // And the last segment, which the leader archived when it was stopped.
  assert.deepEqual(
    missing(archived, archivesAside(founded)),
    [],
    'what the new cluster had archived is aside',
  );
  fanopsEnds(0, ...RUN, '--undo', LAST_WAY_BACK);
  assert.equal(systemOf(leader()), founded);
  assert.deepEqual(missing(archived, archives()), [], 'the archives hold again what they held');
  assertUntouched();
  soon('nobody is behind', () => healthy());
  archiveASegment(leader());
  assert.deepEqual(objects(), before);
  said('taken back: the new cluster is what it was');

  fanopsEnds(0, ...RUN, ...RESTORE, '--confirm', 'accept');
  assert.equal(leader(), TARGET);
  assert.equal(systemOf(TARGET), old.system);
  assert.equal(sqlOn(TARGET, 'select string_agg(word, $$,$$) from rows'), 'uploaded');
  assert.deepEqual(missing(before, objects()), [], 'nothing in S3 is overwritten');
  standbysStream(TARGET);
  assertUntouched();
  archiveASegment(switchOver(TARGET, 'db2'));
  lab.uploadAll('db2');
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  lab.install();
  assertConfigurationComes(old.leads);
  said('recovered');
} finally {
  lab.remove();
}

/** What is committed after the upload is lost. */
function fillAndUpload(): { leads: string; key: Buffer; system: string } {
  const leads = leader();
  sqlOn(leads, 'create table rows (word text)');
  backUp(leads, '--verify', '--upload-s3');
  sqlOn(leads, 'insert into rows values ($$uploaded$$)');
  onHost(leads, `${SCRIPTS}/backup-config.sh`);
  archiveASegment(leads);
  lab.uploadAll(leads);
  sqlOn(leads, 'insert into rows values ($$lost$$)');
  return { leads, key: onHost(leads, `cat ${KEY}`), system: systemOf(leads) };
}

/** The prefix in S3 is of another cluster: the upload refuses, and says so. */
function assertNothingIsUploaded(before: readonly string[]): void {
  archiveASegment(leader());
  const upload = fanops(['lab', 'ssh', leader(), `runuser -u postgres -- ${SCRIPTS}/backup-upload.sh`]);
  said(`the upload ends with ${upload.status}: ${upload.all.trim()}`);
  assert.notEqual(upload.status, 0);
  assert.deepEqual(objects(), before);
}

/** By hand, as docs/recovery.md has it. */
function assertConfigurationComes(node: string): void {
  const keys = lab.s3.keys(BUCKET).filter((key) => key.startsWith(`config/${node}/`) && key.endsWith('.enc'));
  const name =
    keys[0]?.slice(`config/${node}/`.length, -'.enc'.length) ?? assert.fail('no configuration in S3');
  const from = `s3://${BUCKET}/config/${node}/`;
  asPostgres(node, `aws s3 cp ${from} /tmp/from-s3/ --recursive --exclude '*' --include '${name}*'`);
  assert.match(textOn(node, `${SCRIPTS}/restore-config.sh /tmp/from-s3/${name}.enc`), /patroni\/config\.yml/);
}

function systemOf(host: string): string {
  return sqlOn(host, 'select system_identifier from pg_control_system()');
}

function healthy(): boolean {
  const states = textOn(TARGET, 'patronictl list -f json');
  return (states.match(/"(running|streaming)"/g) ?? []).length === HOSTS.length;
}

/** Keys and what lies under them. */
function objects(): string[] {
  const list = ['s3api', 'list-objects-v2', '--bucket', BUCKET, '--query', 'Contents[].[Key, ETag]'];
  return lab.s3
    .aws(...list, '--output', 'text')
    .trim()
    .split('\n');
}

function archives(below = ''): string[] {
  const list = `cd ${ARCHIVE}${below} 2>/dev/null || exit 0; find . -path ./by-system-id -prune -o -type f -exec sha256sum {} + | sort -k 2`;
  return HOSTS.flatMap((host) =>
    textOn(host, list)
      .split('\n')
      .filter(Boolean)
      .map((line) => `${host} ${line}`),
  );
}

function archivesAside(system: string): string[] {
  return archives(`/by-system-id/${system}`);
}

function missing(from: readonly string[], there: readonly string[]): string[] {
  return from.filter((line) => !there.includes(line));
}
