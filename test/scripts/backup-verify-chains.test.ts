// backup-verify.sh where another member led meanwhile: what this archive lacks then is no loss, and is not called one.
import * as assert from 'node:assert/strict';
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { suite } from 'uvu';
import { BackupHost, type Settings } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { SYSTEM, segmentOf } from './wal-segments.ts';

interface Report {
  readonly status: string;
  readonly results: readonly { readonly check: string; readonly status: string; readonly problem: string }[];
}

const test = suite('backup-verify.sh, WAL of another member');
const isReport = new Ajv().compile<Report>(
  JSON.parse(readFileSync(new URL('../../docs/backup-report.schema.json', import.meta.url), 'utf8')),
);
// The golden backup is of timeline 1; another member led timeline 2, and this one again 3.
const ELSEWHERE = ['00000002.history', '00000002000000000000000B', '00000002000000000000000C'];
const OWN = ['00000001000000000000000A', ...['D', 'E', 'F'].map((last) => `00000003000000000000000${last}`)];
const HISTORY = '1\t0/B000000\tno recovery target specified\n2\t0/D000000\tno recovery target specified\n';
let host: BackupHost;
let settings: Settings;

test.before.each(async () => {
  host = new BackupHost();
  host.linkPostgres();
  settings = { ...host.takeGolden(), PG_BIN: host.bin };
  for (const name of [...ELSEWHERE.slice(1), ...OWN]) await archive(name, segmentOf(name, name, 16 << 20));
  await archive('00000003.history', HISTORY);
  mkdirSync(join(host.dir, 'elsewhere'));
  for (const name of ELSEWHERE) move(name, host.wal, join(host.dir, 'elsewhere'));
});
test.after.each(() => host.remove());

async function archive(name: string, content: Buffer | string): Promise<void> {
  writeFileSync(join(host.dir, name), content);
  const ran = await host.run('backup-wal.sh', [name, join(host.dir, name)], settings);
  assert.equal(ran.status, 0, ran.stderr);
}

function move(name: string, from: string, to: string): void {
  for (const end of ['.gz', '.gz.json']) renameSync(join(from, name + end), join(to, name + end));
}

/** What another node had, as gather_archive puts it. */
function gather(): void {
  const to = join(host.dir, 'state/gathered/db2/wal');
  mkdirSync(to, { recursive: true });
  for (const name of ELSEWHERE) move(name, join(host.dir, 'elsewhere'), to);
  host.own();
}

/** S3, where everything of this archive is, and `more`. This host is a replica, so that S3 itself is not judged. */
function uploaded(more: readonly string[]): DirectoryS3 {
  const s3 = new DirectoryS3(host);
  const to = join(s3.dir, 'bucket/postgresql/wal');
  mkdirSync(to, { recursive: true });
  cpSync(join(host.archive, 'CLUSTER.json'), join(s3.dir, 'bucket/CLUSTER.json'));
  for (const name of more) move(name, join(host.dir, 'elsewhere'), host.wal);
  for (const name of readdirSync(host.wal))
    cpSync(join(host.wal, name), join(to, name.replace(/\.gz(?=$|\.json)/, '.gz.enc')));
  for (const name of more) move(name, host.wal, join(host.dir, 'elsewhere'));
  host.stub('psql', `case $* in *recovery*) echo t ;; *) echo ${SYSTEM} ;; esac`);
  host.own();
  settings = { ...settings, ...s3.settings };
  return s3;
}

async function chain(status: number): Promise<{ status: string; problem: string; said: string }> {
  rmSync(join(host.dir, 'log/backup-reports'), { recursive: true, force: true });
  const ran = await host.run('backup-verify.sh', [], settings);
  assert.equal(ran.status, status, ran.stderr);
  const directory = join(host.dir, 'log/backup-reports');
  const report: unknown = JSON.parse(readFileSync(join(directory, readdirSync(directory)[0] ?? ''), 'utf8'));
  if (!isReport(report)) throw new Error(JSON.stringify(isReport.errors));
  const found = report.results.find(({ check }) => check === 'chain');
  assert.ok(found, 'the chain was not judged');
  return { ...found, said: ran.stderr };
}

test('without S3: it is elsewhere, which is no failure, and it is said where and what to do', async () => {
  const { status, problem, said } = await chain(0);
  assert.equal(status, 'elsewhere');
  assert.match(problem, /goes over timeline 2, which another member led: its WAL is in the archive there/);
  assert.match(problem, /S3 was not looked into; a restore here gathers it first/);
  assert.match(said, /warning: full_backup_/);
});

test('a timeline that was left right after the backup has no WAL of it here: the chain is judged, over the others', async () => {
  for (const name of ['000000010000000000000009', '00000001000000000000000A', '00000003.history'])
    for (const end of ['.gz', '.gz.json']) rmSync(join(host.wal, name + end));
  await archive('00000003.history', HISTORY.replace('0/B000000', '0/9F00000'));
  const { status, problem } = await chain(0);
  assert.equal(status, 'elsewhere');
  assert.match(problem, /goes over timeline 2, which another member led/);
});

test("what was gathered from that member counts, and a hole in this one's own timeline is a failure", async () => {
  gather();
  assert.equal((await chain(0)).status, 'ok');
  for (const end of ['.gz', '.gz.json']) rmSync(join(host.wal, `00000003000000000000000E${end}`));
  const { status, problem } = await chain(6);
  assert.equal(status, 'failed');
  assert.match(problem, /WAL is missing: 00000003000000000000000E, before 00000003000000000000000F/);
});

test('a lost history file of a timeline that this member led is a failure', async () => {
  for (const end of ['.gz', '.gz.json']) rmSync(join(host.wal, `00000003.history${end}`));
  const { status, problem } = await chain(6);
  assert.equal(status, 'failed');
  assert.match(problem, /and no 00000002\.history/);
});

test('S3 has it: all is well', async () => {
  uploaded(ELSEWHERE);
  const { status, said } = await chain(0);
  assert.equal(status, 'ok');
  assert.match(said, /not all WAL since is here; what was gathered and S3 has the rest/);
});

test('S3 lacks it, too: it is missing', async () => {
  uploaded(['00000002.history']);
  const { status, problem } = await chain(6);
  assert.equal(status, 'failed');
  assert.match(problem, /S3 does not have it either: look in the archive of the member that led timeline 2/);
});

test('S3 out of reach: it is elsewhere, and why S3 was not looked into is said', async () => {
  uploaded(ELSEWHERE).break('AccessDenied');
  const { status, problem } = await chain(0);
  assert.equal(status, 'elsewhere');
  assert.match(problem, /S3 was not looked into \(S3 does not give .*AccessDenied\)/);
});

test.run();
