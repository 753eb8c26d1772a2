// Backups and WAL in S3, from real hosts: install.yml with S3 settings, a real S3 server on the lab's bridge, and
// awscli typed as the document has it.
import * as assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { suite } from 'uvu';
import {
  asPostgres,
  assertUnchanged,
  backUp,
  CLUSTER,
  fanopsEnds,
  HOSTS,
  leader,
  SCRIPTS,
  sqlOn,
  textOn,
} from './on-lab.ts';
import { BUCKET, S3Lab } from './s3-lab.ts';

const test = suite('S3 from the hosts');
const STATE_OF_UPLOADS = `systemctl list-timers --all fanatico-upload.timer; journalctl -n 20 -u fanatico-upload.service
  runuser -u postgres -- psql -Xxc 'select * from pg_stat_archiver' postgres
  tail -n 20 /var/log/fanatico/backup-{wal,upload}.log 2>&1; ls /var/backups/fanatico/wal`;
let lab: S3Lab;

test.before(async () => {
  fanopsEnds(0, 'lab', 'up');
  fanopsEnds(0, 'apply', ...CLUSTER, '--yes');
  lab = await S3Lab.start();
});
test.after(() => lab?.remove());

test('install.yml takes the settings, and finds nothing to do the second time', () => {
  lab.install();
  assertUnchanged(lab.install());
  for (const host of HOSTS) textOn(host, 'systemctl is-active fanatico-upload.timer');
});

test('a bucket is made as the document types it, by the alias', () => {
  assert.match(asPostgres('db1', `aws s3 mb s3://${BUCKET}`), /make_bucket/);
  assert.equal(asPostgres('db2', 'aws s3 ls | cut -d " " -f 3'), BUCKET);
});

test('an archived segment is in S3 without anybody asking for it', async () => {
  sqlOn(leader(), 'select pg_create_restore_point($$s3$$), pg_switch_wal()');
  const wanted = /postgresql\/wal\/[0-9A-F]{24}\.gz\.enc\.json/;
  const deadline = Date.now() + 180_000;
  while (!lab.s3.keys(BUCKET).some((key) => wanted.test(key))) {
    if (Date.now() > deadline) assert.fail(textOn(leader(), STATE_OF_UPLOADS));
    await sleep(2000);
  }
});

test('a full backup goes there, and another host downloads it as the document types it', () => {
  const on = leader();
  backUp(on, '--upload-s3', '--verify');
  const name = asPostgres(on, 'readlink /var/backups/fanatico/full/latest.tar.gz');
  const other = HOSTS.find((host) => host !== on) ?? assert.fail();
  asPostgres(other, `aws s3 cp s3://${BUCKET}/postgresql/full/${name}.enc /tmp/`);
  const sum = (host: string, file: string) => asPostgres(host, `sha256sum <${file}`);
  assert.equal(sum(other, `/tmp/${name}.enc`), sum(on, `/var/backups/fanatico/full/${name}`));
});

test('after a while nothing waits on any host, and no secret is in the settings of the scripts', async () => {
  for (const host of HOSTS) {
    await allUploaded(host);
    assert.doesNotMatch(textOn(host, 'cat /etc/fanatico/backup.conf'), /testsk/);
    assert.equal(textOn(host, 'stat -c %a:%U /var/lib/postgresql/.aws/credentials'), '600:postgres');
  }
});

/** What earlier tests have left to be uploaded may be much: it must grow less. */
async function allUploaded(host: string): Promise<void> {
  let fewest = Number.POSITIVE_INFINITY;
  let deadline = 0;
  for (;;) {
    const waits = asPostgres(host, `${SCRIPTS}/backup-upload.sh --dry-run`);
    if (waits === '') return;
    const count = waits.split('\n').length;
    if (count < fewest) deadline = Date.now() + 180_000;
    fewest = Math.min(fewest, count);
    assert.ok(Date.now() < deadline, `${host}: ${waits}\n${textOn(host, STATE_OF_UPLOADS)}`);
    await sleep(2000);
  }
}

test.run();
