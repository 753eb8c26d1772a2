// The document's scenario 4 on real hosts: all data directories and all archives are gone, and playbooks/recover-s3.yml brings back
// what had reached S3.
import * as assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { suite } from 'uvu';
import {
  backUpBlockchain,
  blockOn,
  CHAIN_DB,
  haveBlocks,
  writeBlockchainInventory,
} from './blockchain-lab.ts';
import { refusedUntouched } from './fingerprint.ts';
import { noteRecovery, timed } from './objectives.ts';
import {
  archiveASegment,
  asPostgres,
  assertUntouched,
  backUp,
  CLUSTER,
  DATA,
  fanopsEnds,
  HOSTS,
  killPatroni,
  leader,
  onHost,
  SCRIPTS,
  schedulesGoOn,
  schedulesRest,
  standbysStream,
  switchOver,
  textOn,
} from './on-lab.ts';
import {
  assertHolds,
  type Commit,
  endOf,
  letItCommit,
  lossOf,
  newestOf,
  startOracle,
  startWitness,
  stopOracle,
  witnessed,
} from './oracle.ts';
import { BUCKET, S3Lab } from './s3-lab.ts';

const test = suite('recover-s3.yml');
const ARCHIVE = '/var/backups/fanatico';
const KEY = '/etc/fanatico/backup.key';
let lab: S3Lab;
/** Who led, and is restored; a replica, and who runs the client. */
let [target, replica, third] = ['', '', ''];
let commits: Commit[] = [];
/** What the recovery has said. */
let told = '';
/** The blockchain lives on `third`. */
const folder = mkdtempSync(join(tmpdir(), 'fanops-recover-s3-'));
const inventory = join(folder, 'inventory.yml');

test.before(async () => {
  fanopsEnds(0, 'lab', 'up');
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  target = leader();
  [replica, third] = HOSTS.filter((host) => host !== target) as [string, string];
  writeBlockchainInventory(inventory, third, false);
  textOn(third, `rm -rf ${CHAIN_DB}*`);
  haveBlocks(third, 1);
  lab = await S3Lab.start();
  lab.s3.aws('s3', 'mb', `s3://${BUCKET}`);
  lab.install(inventory);
});
test.after(() => {
  lab?.remove();
  rmSync(folder, { recursive: true });
});

const run = (...more: string[]): string[] => {
  const argv = ['run', 'playbooks/recover-s3.yml', '-i', inventory, '-e', `target=${target}`, '--yes'];
  return [...argv, '--confirm', `restore ${target} from S3`, '--confirm', 'accept', ...more];
};

/** Keys and what lies under them. */
function objects(): Set<string> {
  const list = ['s3api', 'list-objects-v2', '--bucket', BUCKET, '--query', 'Contents[].[Key, ETag]'];
  return new Set(lab.s3.aws(...list, '--output', 'text').split('\n'));
}

function walInS3(): string[] {
  const sidecars = lab.s3.keys(BUCKET).filter((key) => key.endsWith('.enc.json'));
  return sidecars.flatMap((key) => /(?<=^postgresql\/wal\/).*/.exec(key) ?? []);
}

test('a cluster whose backup and WAL are in S3, and a client that commits all the time', () => {
  startOracle(third, target);
  backUp(target, '--verify', '--upload-s3');
  backUpBlockchain(third, '--upload-s3');
  letItCommit(third, 30);
  archiveASegment(target);
  lab.uploadAll(target);
  letItCommit(third, 5);
});

test('it is refused while an archive survives, which may hold more than S3', () => {
  // An upload at work would make the archive anew that is deleted below.
  schedulesRest();
  for (const host of HOSTS) killPatroni(host);
  commits = stopOracle(third);
  for (const host of HOSTS) onHost(host, `rm -rf ${DATA}`);
  textOn(third, `rm -rf ${dirname(CHAIN_DB)}`);
  for (const host of [replica, third]) onHost(host, `rm -rf ${ARCHIVE}`);
  const refused = fanopsEnds(5, ...run());
  assert.match(refused.all, /an archive of this cluster has survived.*recover-cluster.yml/s);
  assertUntouched();
});

test('it is refused with another key than that of the backups, and nothing is changed', () => {
  onHost(target, `rm -rf ${ARCHIVE}`);
  const before = objects();
  onHost(
    target,
    `set -e; cp -p ${KEY} ${KEY}.right; openssl rand -base64 32 >${KEY}.new; cat ${KEY}.new >${KEY}; rm ${KEY}.new`,
  );
  const refused = fanopsEnds(5, ...run());
  assert.match(refused.all, /not the key that the backups in S3 were made with/);
  onHost(target, `mv ${KEY}.right ${KEY}`);
  assertUntouched();
  assert.deepEqual(objects(), before);
  for (const host of HOSTS) textOn(host, `test ! -e ${DATA} && test ! -e ${ARCHIVE}`);
});

test('it is refused while S3 does not answer', () => {
  lab.s3.down();
  try {
    refusedUntouched(
      run(),
      /S3 could not be looked at, which says nothing of what it holds: .*S3 does not give s3:/,
    );
  } finally {
    lab.s3.up();
  }
});

test('it is refused while another restore, a drill or a test of a backup is at work there', () => {
  const lock = '/var/lib/fanatico/restore-full.lock';
  onHost(
    target,
    `systemd-run --quiet --unit=at-work flock ${lock} sleep infinity; until ! flock -n ${lock} true; do sleep 0.1; done`,
  );
  try {
    refusedUntouched(
      run(),
      /at work on db\d: wait for its end, .*another run holds \/var\/lib\/fanatico\/restore-full.lock/,
    );
  } finally {
    onHost(target, 'systemctl stop at-work');
  }
});

test('it is refused where a backup is of another system than the prefix', () => {
  const before = objects();
  const identity = lab.s3.object(BUCKET, 'CLUSTER.json').toString();
  const put = (content: string): void => {
    const file = join(lab.s3.dir, 'CLUSTER.json');
    writeFileSync(file, content);
    lab.s3.aws('s3', 'cp', file, `s3://${BUCKET}/CLUSTER.json`);
  };
  put(identity.replace(/("system_identifier": ")\d+/, '$17000000000000000001'));
  try {
    refusedUntouched(
      run(),
      /several systems have written below s3:\/\/fanatico-backups\/: full_backup_\S+ \(made on db\d\) is of the system \d+, and CLUSTER.json there of 7000000000000000001/,
    );
  } finally {
    put(identity);
  }
  assert.deepEqual(objects(), before);
});

test("the document's two lines, typed by hand, restore into an empty place what Patroni may start", () => {
  const name = /full_backup_\w+\.tar\.gz\.enc$/m.exec(lab.s3.keys(BUCKET).join('\n'))?.[0] ?? assert.fail();
  // The DCS takes a leader that was killed for alive until its key expires.
  textOn(third, 'while patronictl list -f json | grep -q Leader; do sleep 1; done');
  onHost(third, `install -d -m 0700 -o postgres -g postgres ${ARCHIVE} ${ARCHIVE}/{full,wal}`);
  asPostgres(third, `aws s3 cp s3://${BUCKET}/postgresql/full/${name} /tmp/`);
  asPostgres(third, `${SCRIPTS}/restore-full.sh /tmp/${name} --decrypt`);
  assert.match(asPostgres(third, `pg_controldata ${DATA}`), /^Database cluster state: +shut down$/m);
  assertUntouched();
  onHost(third, `rm -rf ${DATA} ${ARCHIVE} /tmp/${name}`);
});

test('it is refused where the state of the blockchain that is asked for is not in S3', () => {
  const refused = fanopsEnds(5, ...run('-e', 'blockchain=blockchain_backup_20260101_000000.tar.gz'));
  assert.match(refused.all, /is not to be had from S3[\s\S]*there is no blockchain_backup_20260101_000000/);
  assertUntouched();
});

test('it brings back exactly what had reached S3', () => {
  const end = endOf(newestOf(walInS3()));
  const before = objects();
  schedulesGoOn();
  startWitness(third);
  const begun = Date.now() / 1000;
  const doneSeconds = timed(() => {
    told = fanopsEnds(0, ...run('-e', 'blockchain=latest')).all;
  });
  assert.equal(leader(), target);
  console.log(`  ${assertHolds(target, commits, end)}`);
  noteRecovery({
    scenario: 4,
    happened: 'all servers killed, all data directories and local archives deleted',
    runbook: 'recover-s3.yml',
    serviceSeconds: witnessed(third) - begun,
    doneSeconds,
    lost: lossOf(target, commits),
  });
  const after = objects();
  assert.deepEqual(
    [...before].filter((object) => !after.has(object)),
    [],
  );
  const timelines = new Set(walInS3().map((name) => name.slice(0, 8)));
  assert.ok(timelines.size > 1, 'the new timeline is beside the old one');
});

test('and the blockchain beside it; what does not fit is said at the end', () => {
  assert.equal(blockOn(third), 1);
  assert.match(textOn(third, `stat -c %U ${dirname(CHAIN_DB)}`), /^postgres$/);
  const warned = told.slice(told.lastIndexOf('RUNBOOK done'));
  assert.match(warned, new RegExp(`step 16 .*, ${third}:\\n +there is no ${CHAIN_DB} any more`));
  assert.match(warned, new RegExp(`step 17 .*, ${third}:\\n.*restored, and MISMATCH: PostgreSQL`));
});

test('the newest backup in S3 is of the new timeline, and can be restored from there alone', () => {
  const look = asPostgres(target, `${SCRIPTS}/restore-full.sh latest --sources s3 --reach-only`);
  const name = asPostgres(target, `readlink ${ARCHIVE}/full/latest.tar.gz`);
  assert.match(look, new RegExp(`^backup: ${name}$`, 'm'));
});

test('afterwards the others stream, the schedules go on, and a switchover archives cleanly', () => {
  assertUntouched();
  standbysStream(target);
  archiveASegment(switchOver(target, replica));
  standbysStream(replica);
});

test.run();
