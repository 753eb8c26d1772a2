// backup-verify.sh --full-test: the newest backup becomes a server again, and corruption planted anywhere is found.
import * as assert from 'node:assert/strict';
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { suite } from 'uvu';
import type { Ran } from './backup-host.ts';
import { RestoreSource } from './restore-source.ts';

const test = suite('backup-verify.sh --full-test');
const SCHEMA = JSON.parse(
  readFileSync(new URL('../../docs/backup-report.schema.json', import.meta.url), 'utf8'),
);

let source: RestoreSource;
let saved: string;
test.before(async () => {
  source = new RestoreSource();
  await source.backup();
  for (const filler of ['one', 'two', 'three']) {
    source.server.sql(`insert into ledger (filler) values ('${filler}')`);
    await source.archiveAll();
  }
  source.server.archiveWith('/bin/true');
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
const segments = () => source.host.walFiles().filter((name) => /^[0-9A-F]{24}\.gz$/.test(name));

interface Report {
  readonly results: readonly { readonly check: string; readonly status: string; readonly problem: string }[];
}

/** Runs it and gives its report, which keeps the schema. */
async function verify(...args: readonly string[]): Promise<{ ran: Ran; report: Report }> {
  const ran = await source.host.run('backup-verify.sh', args, source.settings);
  const [name = ''] = readdirSync(reports());
  const report: unknown = JSON.parse(readFileSync(join(reports(), name), 'utf8'));
  const keepsSchema = new Ajv().compile<Report>(SCHEMA);
  if (!keepsSchema(report)) throw new Error(JSON.stringify(keepsSchema.errors));
  return { ran, report };
}

test('what is whole is restored, read to its end, and removed again', async () => {
  const { ran, report } = await verify('--full-test', '--deep');
  assert.equal(ran.status, 0, ran.stderr);
  const checks = report.results.map(({ check }) => check);
  for (const check of [
    'chain',
    'restore',
    'last_commit',
    'start',
    'pg_amcheck',
    'pg_dumpall',
    'pg_verifybackup',
  ])
    assert.ok(checks.includes(check), check);
  assert.ok(!existsSync(join(source.host.dir, 'state/full-test')));
});

function timelineWithoutHistory(): void {
  const name = segments().at(-1) ?? '';
  for (const end of ['', '.json'])
    cpSync(
      join(source.host.wal, name + end),
      join(source.host.wal, name.replace('00000001', '00000002') + end),
    );
}

function removeSegment(): void {
  const name = segments().at(-2) ?? '';
  for (const end of ['', '.json']) rmSync(join(source.host.wal, name + end));
}

function damageSegment(): void {
  const path = join(source.host.wal, segments().at(-2) ?? '');
  const bytes = readFileSync(path);
  bytes.writeUInt8(bytes.readUInt8(900) ^ 1, 900);
  writeFileSync(path, bytes);
}

for (const [what, spoil, check, problem] of [
  ['a timeline without its history', timelineWithoutHistory, 'chain', /no 00000002.history/],
  ['a missing segment', removeSegment, 'restore', /ended with 10: .*WAL is missing/],
  ['a damaged segment', damageSegment, 'restore', /ended with 6: .*sha256 is not the one/],
] as const)
  test(`${what} is found, and nothing of the test is left`, async () => {
    spoil();
    source.host.own();
    const { ran, report } = await verify('--full-test');
    assert.equal(ran.status, 6, ran.stderr);
    const failed = report.results.filter((one) => one.check === check && one.status === 'failed');
    assert.match(failed.map((one) => one.problem).join('; '), problem);
    assert.ok(!existsSync(join(source.host.dir, 'state/full-test')));
  });

test.run();
