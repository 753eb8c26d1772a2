// backup-heal.sh on a small real server: what is missing from the archive comes back from pg_wal, or a new full backup is made.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import type { Ran, Settings } from './backup-host.ts';
import { DirectoryS3 } from './directory-s3.ts';
import { refused, succeeded } from './ran.ts';
import { RestoreSource } from './restore-source.ts';

const test = suite('backup-heal.sh');

let source: RestoreSource;
test.before(async () => {
  source = new RestoreSource();
  source.server.sql("alter system set wal_keep_size = '64MB'");
  source.server.sql('select pg_reload_conf()');
  await source.backup();
});
test.after(() => source.remove());

const heal = (args: readonly string[] = [], more: Settings = {}): Promise<Ran> =>
  source.host.run('backup-heal.sh', args, { ...source.settings, ...more });
const fulls = (): string[] => source.host.stored('full').filter((name) => /^full.*\.tar\.gz$/.test(name));
const archived = (segment: string): boolean => existsSync(join(source.host.wal, `${segment}.gz.json`));

/** Three segments more; gives the name of the one in the middle. */
async function segments(): Promise<string> {
  const names: string[] = [];
  for (let i = 0; i < 3; i++) {
    source.server.sql("insert into ledger (filler) values ('x')");
    names.push(source.server.sql('select pg_walfile_name(pg_current_wal_lsn())'));
    await source.archiveAll();
  }
  return names[1] ?? '';
}

function lose(segment: string): void {
  assert.ok(archived(segment), segment);
  for (const suffix of ['.gz', '.gz.json']) rmSync(join(source.host.wal, segment + suffix));
}

const loseInPgWal = (segment: string): void => rmSync(join(source.server.data, 'pg_wal', segment));

test('where nothing is missing it does nothing', async () => {
  await segments();
  const { status, stdout, stderr } = await heal();
  assert.equal(status, 0, stderr);
  assert.equal(stdout, '');
  assert.equal(fulls().length, 1);
});

test('a lost segment that pg_wal still holds is said by --dry-run and put back, the same to the byte', async () => {
  const segment = await segments();
  const before = contentOf(segment);
  lose(segment);
  const dry = await heal(['--dry-run']);
  assert.equal(dry.status, 0, dry.stderr);
  assert.match(dry.stdout, new RegExp(`^missing: ${segment}$`, 'm'));
  assert.match(dry.stdout, new RegExp(`^pg_wal holds, and the archive does not: ${segment}$`, 'm'));
  assert.ok(!archived(segment));
  const { status, stderr } = await heal();
  assert.equal(status, 0, stderr);
  assert.match(stderr, new RegExp(`${segment}: archived from pg_wal`));
  assert.equal(contentOf(segment), before);
  assert.equal(fulls().length, 1);
});

/** The sha256 of a segment's content, as its sidecar has it. */
function contentOf(segment: string): string {
  const sidecar = JSON.parse(readFileSync(join(source.host.wal, `${segment}.gz.json`), 'utf8'));
  assert.match(sidecar.plain_sha256, /^[0-9a-f]{64}$/);
  return sidecar.plain_sha256;
}

/** Moves a segment out of archive and pg_wal into a directory, where its files end so. */
function take(segment: string, directory: string, ending = '.gz'): void {
  mkdirSync(directory, { recursive: true });
  for (const end of ['', '.json'])
    cpSync(join(source.host.wal, `${segment}.gz${end}`), join(directory, segment + ending + end));
  lose(segment);
  loseInPgWal(segment);
  source.host.own();
}

test('a lost segment that was gathered from another node is put back', async () => {
  const segment = await segments();
  const before = contentOf(segment);
  const gathered = join(source.host.dir, 'state/gathered/db2');
  take(segment, join(gathered, 'wal'));
  cpSync(join(source.host.archive, 'CLUSTER.json'), join(gathered, 'CLUSTER.json'));
  source.host.own();
  const { stderr } = succeeded(await heal());
  assert.match(stderr, new RegExp(`${segment}: found elsewhere and archived`));
  assert.equal(contentOf(segment), before);
  assert.equal(fulls().length, 1);
  rmSync(join(source.host.dir, 'state/gathered'), { recursive: true });
});

test('one that only S3 holds is put back, too', async () => {
  const segment = await segments();
  const before = contentOf(segment);
  const s3 = new DirectoryS3(source.host);
  take(segment, join(s3.dir, 'bucket/postgresql/wal'), '.gz.enc');
  cpSync(join(source.host.archive, 'CLUSTER.json'), join(s3.dir, 'bucket/CLUSTER.json'));
  source.host.own();
  const { stderr } = succeeded(await heal([], s3.settings));
  assert.match(stderr, new RegExp(`${segment}: found elsewhere and archived`));
  assert.equal(contentOf(segment), before);
  assert.equal(fulls().length, 1);
});

test('one that nobody holds: the gap is said, and a new full backup ends it', async () => {
  const segment = await segments();
  lose(segment);
  loseInPgWal(segment);
  const { status, stderr } = await heal();
  assert.equal(status, 0, stderr);
  assert.match(
    stderr,
    new RegExp(`error: a gap of 1 segments stays in the archived WAL, from ${segment} on`),
  );
  assert.equal(fulls().length, 2);
  assert.match((await heal()).stderr, /^$/);
});

test('the gap stays and no backup can be made: 10', async () => {
  const segment = await segments();
  lose(segment);
  loseInPgWal(segment);
  source.host.stub('pg_basebackup', 'exit 1');
  const { status, stderr } = await heal();
  source.host.unstub();
  source.host.linkPostgres();
  assert.equal(status, 10, stderr);
  assert.match(stderr, /a gap stays in the archived WAL, and no full backup could be made/);
  assert.equal((await heal()).status, 0);
});

test('one is being made already: 4, and nothing is said of a gap where there is none', async () => {
  const lock = join(source.host.dir, 'state/backup-full.lock');
  const away = join(source.host.dir, 'away');
  renameSync(source.host.full, away);
  mkdirSync(source.host.full);
  source.host.own();
  try {
    await source.host.holding(lock, async () => {
      const { stderr } = refused(await heal(), 4, /error: a full backup is being made already/);
      assert.doesNotMatch(stderr, /gap/);
    });
    source.host.stub('pg_basebackup', 'exit 1');
    const { stderr } = refused(await heal(), 1, /has no full backup, and none could be made/);
    assert.doesNotMatch(stderr, /gap/);
  } finally {
    source.host.unstub();
    source.host.linkPostgres();
    rmSync(source.host.full, { recursive: true });
    renameSync(away, source.host.full);
  }
});

test('made, and S3 is away: 5, and the gap has ended', async () => {
  const segment = await segments();
  lose(segment);
  loseInPgWal(segment);
  const before = fulls().length;
  const s3 = new DirectoryS3(source.host);
  s3.break('AccessDenied');
  const { stderr } = refused(await heal([], s3.settings), 5, /is made and kept; the upload failed/);
  assert.doesNotMatch(stderr, /could be made/);
  assert.equal(fulls().length, before + 1);
  assert.match((await heal([], s3.settings)).stderr, /^$/);
});

test('a server that cannot be asked: 9, which is not "no gap"', async () => {
  refused(
    await heal([], { PG_PORT: '5497' }),
    9,
    /does not answer: whether a gap is to be closed is not known/,
  );
});

test('a leader whose archive has no full backup makes one', async () => {
  for (const name of source.host.stored('full')) rmSync(join(source.host.full, name), { recursive: true });
  const { status, stderr } = await heal();
  assert.equal(status, 0, stderr);
  assert.match(stderr, /this node leads, and its archive has no full backup/);
  assert.equal(fulls().length, 1);
});

test.run();
