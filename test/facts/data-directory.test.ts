import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { dataDirectory } from '../../src/facts/data-directory.ts';
import { SCRATCH } from '../resources/stub-machine.ts';
import { isRoot, lookAt, NOBODY } from './looking.ts';

const BIN = '/usr/lib/postgresql/15/bin';
const test = suite<{ dir: string }>('data_directory');

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-data-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

/** A real one, as postgres makes it: initdb refuses to be root. */
function initdb(path: string): void {
  mkdirSync(path);
  const command = `${BIN}/initdb -D '${path}' --no-sync --auth=trust >/dev/null`;
  if (!isRoot) {
    execFileSync('sh', ['-c', command]);
    return;
  }
  execFileSync('chown', ['postgres', path]);
  chmodSync(join(path, '..'), 0o755);
  execFileSync('runuser', ['-u', 'postgres', '--', 'sh', '-c', command], { cwd: '/' });
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
    { ...data.value, systemIdentifier: '', checkpoint: '' },
    {
      state: 'shut down',
      systemIdentifier: '',
      timeline: 1,
      checkpoint: '',
      minRecovery: '0/0',
      newestSegment: '000000010000000000000001',
      unarchived: 1,
      isRunning: false,
    },
  );
  assert.equal(link, data);
  for (const looked of [empty, missing, odd]) assert.is(looked?.state, 'absent');
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
