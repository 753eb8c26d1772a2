import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type DataDirectory, dataDirectory } from '../../src/facts/data-directory.ts';
import { SCRATCH } from '../resources/stub-machine.ts';
import { isRoot, lookAt, NOBODY } from './looking.ts';

const BIN = '/usr/lib/postgresql/15/bin';
const SEGMENT = 16 * 1024 * 1024;
const test = suite<{ dir: string }>('data_directory');

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-data-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

/** A real one, as postgres makes it: initdb refuses to be root. */
function initdb(path: string): void {
  mkdirSync(path);
  if (isRoot) {
    execFileSync('chown', ['postgres', path]);
    chmodSync(join(path, '..'), 0o755);
  }
  asPostgres(`${BIN}/initdb -D '${path}' --no-sync --auth=trust >/dev/null`);
}

function asPostgres(command: string): string {
  const [program, ...words] = isRoot ? ['runuser', '-u', 'postgres', '--', 'sh'] : ['sh'];
  return execFileSync(program as string, [...words, '-c', command], { cwd: '/', encoding: 'utf8' }).trim();
}

function looked(path: string, bin = BIN): DataDirectory {
  const [seen] = lookAt(dataDirectory, [{ path, bin }]);
  if (seen?.state !== 'value') throw new Error(`${path}: ${JSON.stringify(seen)}`);
  return seen.value;
}

/** Writes as a server does, is cut off, and tells where its WAL ended. */
function writeAndDie(path: string, statements: string): string {
  asPostgres(
    `${BIN}/pg_ctl -D '${path}' -w -s -l '${path}/log' -o "-c listen_addresses='' -c unix_socket_directories='${path}'" start`,
  );
  const psql = `${BIN}/psql -XAtq -h '${path}' -d postgres`;
  const end = asPostgres(
    `${psql} -c "${statements}" >/dev/null && ${psql} -c 'select pg_current_wal_flush_lsn()'`,
  );
  asPostgres(`${BIN}/pg_ctl -D '${path}' -w -s -m immediate stop`);
  return end;
}

/** PostgreSQL's programs, with a pg_waldump that notes where it is to begin, and then does what is said. */
function withWaldump(dir: string, then: string): { bin: string; begun: () => string[] } {
  const bin = join(dir, 'bin');
  mkdirSync(bin);
  symlinkSync(`${BIN}/pg_controldata`, join(bin, 'pg_controldata'));
  writeFileSync(join(bin, 'pg_waldump'), `#!/bin/sh\nprintf '%s\\n' "$7" >>${bin}/begun\n${then}\n`);
  chmodSync(join(bin, 'pg_waldump'), 0o755);
  return { bin, begun: () => readFileSync(join(bin, 'begun'), 'utf8').trim().split('\n') };
}

function far(lsn: string): number {
  return Number.parseInt(lsn.split('/')[1] ?? '', 16);
}

test('a data directory is read where it is, behind a link too; an empty and a missing one are none', ({
  dir,
}) => {
  initdb(join(dir, 'data'));
  symlinkSync('data', join(dir, 'link'));
  mkdirSync(join(dir, 'empty'));
  writeFileSync(join(dir, 'data/pg_wal/archive_status/000000010000000000000001.ready'), '');
  const paths = ['data', 'link', 'empty', 'missing', "it's $(none)"].map((name) => ({
    path: join(dir, name),
    bin: BIN,
  }));
  const [data, link, empty, missing, odd] = lookAt(dataDirectory, paths);
  assert.is(data?.state, 'value');
  if (data?.state !== 'value') return;
  assert.match(data.value.systemIdentifier, /^\d{19}$/);
  assert.match(data.value.checkpoint, /^0\/[0-9A-F]+$/);
  assert.equal(
    { ...data.value, systemIdentifier: '', checkpoint: '', lastRecord: '' },
    {
      state: 'shut down',
      systemIdentifier: '',
      timeline: 1,
      checkpoint: '',
      minRecovery: '0/0',
      // The shutdown's checkpoint is the last record.
      lastRecord: '',
      lastTimeline: 1,
      newestSegment: '000000010000000000000001',
      unarchived: 1,
      isRunning: false,
    },
  );
  assert.equal(link, data);
  for (const looked of [empty, missing, odd]) assert.is(looked?.state, 'absent');
});

test('after a crash its WAL tells how far it is, not the checkpoint', ({ dir }) => {
  const path = join(dir, 'data');
  initdb(path);
  const clean = looked(path);
  assert.is(clean.lastRecord, clean.checkpoint);
  const end = writeAndDie(path, 'create table t as select generate_series(1, 1000) as n');
  const cut = looked(path);
  assert.ok(far(cut.lastRecord) > far(cut.checkpoint) && far(cut.lastRecord) < far(end), `${end}`);
  // Where the next segment is not there, as on a replica, the last one was read to its end.
  writeAndDie(path, 'create table u (n int); select pg_switch_wal()');
  asPostgres(`cd '${path}/pg_wal' && rm -f $(ls | grep -E '^[0-9A-F]{24}$' | tail -n +2)`);
  assert.is(looked(path).lastRecord, '0/2000000');
});

test('much WAL since the checkpoint is not read as a whole; segments that wait to be used again are not its end', ({
  dir,
}) => {
  const path = join(dir, 'data');
  initdb(path);
  const segments = (count: number): string =>
    Array.from(
      { length: count },
      (_, n) => `create table s${count}${n} (n int); select pg_switch_wal();`,
    ).join(' ');
  writeAndDie(path, `${segments(4)} checkpoint`);
  writeAndDie(path, `${segments(3)} create table t (n int)`);
  const checkpoint = looked(path).checkpoint;
  const { bin, begun } = withWaldump(dir, `exec ${BIN}/pg_waldump "$@"`);
  const seen = looked(path, bin);
  const whole = asPostgres(
    `${BIN}/pg_waldump -q -p '${path}/pg_wal' -s ${checkpoint} 2>&1 | sed -n 's,.*record at \\([^:]*\\): .*,\\1,p'`,
  );
  assert.is(seen.lastRecord, whole);
  const last = far(whole) - (far(whole) % SEGMENT);
  assert.equal(begun().map(far), [last]);
  assert.ok(last >= far(checkpoint) + SEGMENT, `${checkpoint} ${whole}`);
  assert.ok(far(`0/${seen.newestSegment.slice(-2)}000000`) > last, 'none waits to be used again');
});

test('where the last segment holds no whole record it is read from the checkpoint on', ({ dir }) => {
  const path = join(dir, 'data');
  initdb(path);
  writeAndDie(path, 'select pg_switch_wal(); create table t (n int)');
  const { checkpoint, lastRecord } = looked(path);
  const { bin, begun } = withWaldump(
    dir,
    `[ "$(wc -l <${dir}/bin/begun)" = 2 ] || exit 1; exec ${BIN}/pg_waldump "$@"`,
  );
  assert.is(looked(path, bin).lastRecord, lastRecord);
  assert.is(begun().length, 2);
  assert.ok(far(begun()[1] ?? '') <= far(checkpoint));
});

test('WAL that is not read in time is unreadable, not short', ({ dir }) => {
  const path = join(dir, 'data');
  initdb(path);
  // As after a promotion: a newer timeline than that of the checkpoint has begun.
  copyFileSync(join(path, 'pg_wal/000000010000000000000001'), join(path, 'pg_wal/000000020000000000000001'));
  const { bin, begun } = withWaldump(dir, 'exit 124');
  const [seen] = lookAt(dataDirectory, [{ path, bin }]);
  assert.is(seen?.state, 'unreadable');
  assert.match(
    seen?.state === 'unreadable' ? seen.reason : '',
    /WAL in .* could not be read to its end in time/,
  );
  assert.is(begun().length, 1);
});

test('what is no data directory, is damaged or cannot be entered is not taken for empty', ({ dir }) => {
  mkdirSync(join(dir, 'other'));
  writeFileSync(join(dir, 'other/file'), '');
  mkdirSync(join(dir, 'damaged/global'), { recursive: true });
  writeFileSync(join(dir, 'damaged/global/pg_control'), 'short');
  mkdirSync(join(dir, 'closed'));
  chmodSync(join(dir, 'closed'), 0o700);
  const looked = lookAt(
    dataDirectory,
    ['other', 'damaged', 'closed', 'closed/inside'].map((name) => ({ path: join(dir, name), bin: BIN })),
    isRoot ? { uid: NOBODY } : {},
  );
  const expected = isRoot
    ? ['unreadable', 'unreadable', 'unreadable', 'unreadable']
    : ['unreadable', 'unreadable'];
  assert.equal(
    looked.slice(0, expected.length).map(({ state }) => state),
    expected,
  );
  const [other] = looked;
  assert.match(other?.state === 'unreadable' ? other.reason : '', /holds no pg_control|Permission denied/);
});

test.run();
