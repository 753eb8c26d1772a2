// backup-upload.sh without an S3 server: what of the archive is sent, and what is refused before anything is.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { BackupHost, ended, run } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { refused, succeeded } from './ran.ts';

const test = suite('what backup-upload.sh sends');

const FULL = 'full_backup_20261123_014927.tar.gz';
let host: BackupHost;
let s3: DirectoryS3;
let wal: string[];
test.before.each(() => {
  host = new BackupHost();
  s3 = new DirectoryS3(host);
  host.takeGolden();
  wal = host.walFiles().filter((name) => name.endsWith('.gz'));
});
test.after.each(() => host.remove());

const upload = (...args: string[]) =>
  host.run('backup-upload.sh', args, { CLUSTER_NAME: 'golden', ...s3.settings });
const holds = (place: string): boolean => existsSync(join(s3.dir, 'bucket/postgresql', `${place}.enc.json`));

test('WAL that is gone or cannot be read keeps nothing else waiting, and the state says that it waits', async () => {
  const [first = '', gone = '', unreadable = ''] = wal;
  rmSync(join(host.wal, gone));
  rmSync(join(host.wal, unreadable));
  // openssl cannot read what is no file, whoever it is run by.
  cpSync(host.bin, join(host.wal, unreadable), { recursive: true });
  utimesSync(join(host.wal, `${gone}.json`), 0, 0);
  host.own();
  const { stderr } = refused(
    await upload(),
    5,
    new RegExp(`error: ${host.wal}/${gone} is gone or cannot be read`),
  );
  assert.match(stderr, new RegExp(`error: ${host.wal}/${unreadable} is gone or cannot be read`));
  assert.doesNotMatch(stderr, /line \d+ of/);
  for (const name of wal) assert.equal(holds(`wal/${name}`), ![gone, unreadable].includes(name), name);
  assert.ok(holds(`wal/${first}`) && holds(`full/${FULL}`));
  assert.match(readFileSync(join(host.dir, 'log/backup-upload.log'), 'utf8'), /ALARM: 2 wait for S3/);
  const state = JSON.parse(readFileSync(join(host.dir, 'state/upload-status.json'), 'utf8'));
  assert.equal(`${state.pending} ${state.failures_in_a_row}`, '2 1');
  assert.equal((await upload('--scheduled')).status, 0, 'it does not wait after the failure');
});

/** This file of the archive, or its sidecar, under so many names that come before all others. */
function many(count: number, ending: '.gz' | '.gz.json'): void {
  const bytes = readFileSync(join(host.wal, (wal[0] ?? '').replace(/\.gz$/, ending)));
  for (let n = 0; n < count; n++)
    writeFileSync(join(host.wal, `${n.toString(16).toUpperCase().padStart(24, '0')}${ending}`), bytes);
  host.own();
}

test('a whole batch of files that are gone does not keep the next batch waiting', async () => {
  many(251, '.gz.json');
  refused(await upload(), 5, /251 of what waits was not uploaded/);
  for (const name of wal) assert.ok(holds(`wal/${name}`), name);
});

test('where S3 fails, the next batch is not tried', async () => {
  many(251, '.gz.json');
  many(251, '.gz');
  const real = readFileSync(join(host.bin, 'aws'), 'utf8').split('\n').slice(1);
  const log = join(host.dir, 'aws.log');
  host.stub(
    'aws',
    `[[ "$*" != *'--prefix postgresql/wal/'* ]] || { echo "$*" >>${log}; echo timeout >&2; exit 255; }`,
    ...real,
  );
  host.own();
  refused(await upload(), 5, /cannot list .*postgresql\/wal\/: timeout/);
  assert.equal(s3.calls().filter((call) => call.includes('--prefix postgresql/wal/')).length, 1);
});

test('--only takes a file of the archive from anywhere, by a link, too; as root it goes on as postgres', async () => {
  const only = (file: string, cwd: string) => {
    const env = {
      FANATICO_BACKUP_CONF: host.conf({ CLUSTER_NAME: 'golden', ...s3.settings }),
      PATH: '/usr/bin:/bin',
    };
    return ended(
      spawn(join(host.dir, 'scripts/backup-upload.sh'), ['--scheduled', '--only', file], { cwd, env }),
    );
  };
  succeeded(await only('latest.tar.gz', host.full));
  assert.ok(holds(`full/${FULL}`));
  assert.deepEqual(readdirSync(join(host.archive, 'uploaded/bucket/full')), [`${FULL}.json`]);
  succeeded(await only(`wal/${wal[0]}`, host.archive));
  assert.ok(holds(`wal/${wal[0]}`) && !holds(`wal/${wal[1]}`));
  assert.equal(run('find', [host.archive, '-user', 'root']).toString(), '');
});

test('--only refuses what is no file of the archive, and sends nothing', async () => {
  const outside = join(host.dir, 'wal');
  cpSync(host.wal, outside, { recursive: true });
  host.own();
  refused(
    await upload('--only', join(outside, wal[0] ?? '')),
    2,
    /expected a file in wal, full, blockchain or config of/,
  );
  refused(await upload('--only', join(host.archive, 'CLUSTER.json')), 2, /expected a file in wal/);
  refused(await upload('--only', 'nowhere'), 2, /nowhere is not there/);
  assert.deepEqual(readdirSync(join(s3.dir, 'bucket')), []);
});

test.run();
