// backup-drill.sh: the newest backup becomes a server beside production, is measured, and leaves nothing but its report.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Ajv } from 'ajv';
import { suite } from 'uvu';
import { ended, PG_BIN, type Ran, run } from './backup-host.ts';
import { RestoreSource } from './restore-source.ts';

const test = suite('backup-drill.sh');
const SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/drill-report.schema.json', import.meta.url), 'utf8'),
);

interface Report {
  readonly status: string;
  readonly backup: string;
  readonly rto_seconds: number | null;
  readonly rpo_seconds: number | null;
  readonly newest_commit: string;
  readonly results: readonly { readonly check: string; readonly status: string; readonly problem: string }[];
}

let source: RestoreSource;
let saved: string;
let backup: string;
test.before(async () => {
  source = new RestoreSource();
  backup = await source.backup();
  for (const filler of ['one', 'two', 'three']) {
    source.server.sql(`insert into ledger (filler) values ('${filler}')`);
    await source.archiveAll();
  }
  saved = join(source.host.dir, 'saved');
  cpSync(source.host.archive, saved, { recursive: true, verbatimSymlinks: true });
});
test.after(() => source.remove());
test.before.each(() => {
  for (const path of [source.host.archive, reports()]) rmSync(path, { recursive: true, force: true });
  cpSync(saved, source.host.archive, { recursive: true, verbatimSymlinks: true });
  source.host.own();
});

const reports = () => join(source.host.dir, 'log/backup-reports');
const drill = (...args: readonly string[]): Promise<Ran> =>
  source.host.run('backup-drill.sh', args, source.settings);

/** The one report, which keeps the schema. */
function report(): Report {
  const [name = ''] = readdirSync(reports());
  const found: unknown = JSON.parse(readFileSync(join(reports(), name), 'utf8'));
  const keepsSchema = new Ajv().compile<Report>(SCHEMA);
  if (!keepsSchema(found)) throw new Error(JSON.stringify(keepsSchema.errors));
  return found;
}

function nothingIsLeft(): void {
  const left = readdirSync(join(source.host.dir, 'state'));
  assert.deepEqual(
    left.filter((name) => /drill/.test(name) && !name.endsWith('.lock')),
    [],
  );
}

test('what would be lost is measured by the clock that is given, and the server is gone afterwards', async () => {
  const ran = await drill('--now', `${Math.floor(Date.now() / 1000) + 5000}`);
  assert.equal(ran.status, 0, ran.stderr);
  const { status, rpo_seconds, rto_seconds, newest_commit, results, ...rest } = report();
  assert.deepEqual([status, rest.backup], ['ok', backup]);
  assert.ok(rto_seconds !== null && rpo_seconds !== null && rpo_seconds >= 5000, JSON.stringify(rest));
  assert.match(newest_commit, /^\d{4}-.*Z$/);
  assert.deepEqual(
    results.map(({ check }) => check),
    ['restore', 'newest_commit', 'pg_amcheck', 'pg_dumpall'],
  );
  nothingIsLeft();
  const status_ = await source.host.run('backup-status.sh', ['--json'], source.settings);
  const said = JSON.parse(status_.stdout);
  assert.match(said.last_drill, /^\d{4}-.*Z on db1: ok$/);
  assert.deepEqual([said.last_drill_rto_seconds, said.last_drill_rpo_seconds], [rto_seconds, rpo_seconds]);
});

test('a hole in the WAL fails it, with the reason in the report, and status warns of it', async () => {
  const segment =
    source.host
      .walFiles()
      .filter((name) => /^[0-9A-F]{24}\.gz$/.test(name))
      .at(-2) ?? '';
  for (const end of ['', '.json']) rmSync(join(source.host.wal, segment + end));
  const ran = await drill();
  assert.equal(ran.status, 10, ran.stderr);
  assert.match(ran.stderr, /the drill failed: .*WAL is missing/);
  const { status, results } = report();
  assert.equal(status, 'failed');
  assert.match(results[0]?.problem ?? '', /restore-full.sh ended with 10: .*WAL is missing/);
  nothingIsLeft();
  const { stdout } = await source.host.run('backup-status.sh', [], source.settings);
  assert.match(stdout, /WARNING +the last drill, on db1, failed/);
});

test('without a backup, or without room, it is said before anything is done', async () => {
  rmSync(source.host.full, { recursive: true });
  mkdirSync(source.host.full);
  source.host.own();
  const none = await drill('--dry-run');
  assert.equal(none.status, 10, none.stderr);
  assert.match(none.stderr, /there is no full backup/);
  assert.ok(!existsSync(reports()));
  cpSync(join(saved, 'full'), source.host.full, { recursive: true, verbatimSymlinks: true });
  source.host.own();
  assert.equal((await drill('--dry-run')).status, 0);
  source.host.stub('df', 'echo; echo 1000');
  const full = await drill('--dry-run');
  rmSync(join(source.host.bin, 'df'));
  assert.equal(full.status, 7, full.stderr);
  nothingIsLeft();
});

test('what a killed drill left is removed; what is not of a drill is not touched', async () => {
  const left = join(source.host.dir, 'state/drill');
  mkdirSync(join(left, 'data'), { recursive: true });
  writeFileSync(join(left, 'data/keep'), 'rows');
  source.host.own();
  const refused = await drill();
  assert.equal(refused.status, 11, refused.stderr);
  assert.equal(refused.stdout, '');
  assert.ok(!existsSync(reports()));
  assert.ok(existsSync(join(left, 'data/keep')));
  writeFileSync(join(left, 'of-a-drill'), '');
  source.host.own();
  assert.equal((await drill('--dry-run')).status, 0);
  source.host.stub('df', 'echo; echo 1000');
  const tight = await drill('--dry-run');
  rmSync(join(source.host.bin, 'df'));
  assert.equal(tight.status, 0, tight.stderr);
  assert.match(tight.stderr, /takes room, and is removed first/);
  assert.ok(existsSync(join(left, 'data/keep')));
  const ran = await drill();
  assert.equal(ran.status, 0, ran.stderr);
  assert.deepEqual(readdirSync(reports()), [ran.stdout.trim()]);
  nothingIsLeft();
});

test('the server of a killed drill neither keeps the next one out nor outlives it', async () => {
  const { host, settings } = source;
  const begun = join(host.dir, 'state/server-begun');
  // It would go on as soon as its server answers.
  host.stub('psql', `exit 2`);
  host.stub('postgres', `touch ${begun}`, `exec ${PG_BIN}/postgres "$@"`);
  host.own();
  const child = host.start('backup-drill.sh', [], settings);
  const end = ended(child);
  while (!existsSync(begun)) await sleep(10);
  const staging = join(host.dir, 'state/drill/.data.restoring');
  while (serversOn(staging).length === 0) await sleep(10);
  // Not its server, which outlives them.
  run('bash', [
    '-c',
    `for file in /proc/[0-9]*/fd/1?; do
       pid=\${file#/proc/} pid=\${pid%%/*}
       if [ $file -ef ${host.dir}/state/backup-drill.lock ] && [ "$(readlink /proc/$pid/exe)" != ${PG_BIN}/postgres ]; then kill -9 $pid; fi
     done`,
  ]);
  await end;
  rmSync(begun);
  for (const name of ['psql', 'postgres']) rmSync(join(host.bin, name));
  host.linkPostgres();
  assert.notEqual(serversOn(staging).length, 0, 'it was killed, too');
  const ran = await drill();
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(serversOn(`${staging} (deleted)`).length, 0);
  nothingIsLeft();
});

/** The processes that stand in a directory. */
function serversOn(directory: string): string[] {
  const script = `for cwd in /proc/[0-9]*/cwd; do [ "$(readlink $cwd)" != "${directory}" ] || echo $cwd; done`;
  return run('bash', ['-c', script]).toString().split('\n').filter(Boolean);
}

test('a drill that ends early leaves its report, too; and prints its name', async () => {
  source.host.stub('psql', `case "$*" in *pg_database_size*) exit 5 ;; esac`, `exec ${PG_BIN}/psql "$@"`);
  const ran = await drill();
  rmSync(join(source.host.bin, 'psql'));
  source.host.linkPostgres();
  assert.notEqual(ran.status, 0);
  assert.deepEqual(readdirSync(reports()), [ran.stdout.trim()]);
  assert.equal(report().status, 'failed');
  assert.match(report().results.at(-1)?.problem ?? '', /ended early, with \d+/);
  nothingIsLeft();
});

test.run();
