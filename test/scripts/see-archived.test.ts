// templates/recovery/see-archived.sh against a psql that answers what it is told, and a sleep that does not.
import * as assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const SCRIPT = fileURLToPath(new URL('../../templates/recovery/see-archived.sh', import.meta.url));
const WANTED = segment(9);

const test = suite<{ dir: string }>('see-archived.sh');

test.before.each((context) => {
  context.dir = mkdtempSync(join(tmpdir(), 'fanops-archived-'));
  const psql = `#!/bin/sh
case "$*" in
  *'select failed_count from'*) echo 3 ;;
  *pg_switch_wal*) echo ${WANTED} ;;
  *coalesce*) sed -n 1p '${context.dir}/seen'; [ "$(wc -l <'${context.dir}/seen')" -eq 1 ] || sed -i 1d '${context.dir}/seen' ;;
  *'select * from'*) echo 'the whole view' ;;
esac
`;
  writeFileSync(join(context.dir, 'psql'), psql, { mode: 0o755 });
  writeFileSync(join(context.dir, 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

function segment(number: number): string {
  return `0000000200000000${number.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** The answers one after the other, of failed_count and last_archived_wal; the last one for ever. */
function waits(dir: string, answers: readonly string[]): SpawnSyncReturns<string> {
  writeFileSync(join(dir, 'seen'), `${answers.join('\n')}\n`);
  return spawnSync('bash', [SCRIPT], { encoding: 'utf8', env: { PATH: `${dir}:/usr/bin:/bin` } });
}

test('it waits for the segment that it closed, or a later one; a history file is none', ({ dir }) => {
  const answers = ['3|', '3|00000002.history', `3|${segment(8)}`, `3|${segment(10)}`];
  const { status, stdout, stderr } = waits(dir, answers);
  assert.equal(status, 0, stderr);
  assert.equal(stdout, `${segment(10)} is archived\n`);
});

test('what failed first and was archived then is archived, and it says so', ({ dir }) => {
  const { status, stdout, stderr } = waits(dir, ['5|', `5|${WANTED}`]);
  assert.equal(status, 0, stderr);
  assert.match(
    stdout,
    new RegExp(`^${WANTED} is archived, after failed attempts \\(2\\): .*backup-wal\\.log\n$`),
  );
});

test('it waits on while a backlog is archived, and ends when nothing comes any more', ({ dir }) => {
  const backlog = [3, 4, 5].flatMap((number) => Array<string>(150).fill(`3|${segment(number)}`));
  assert.equal(waits(dir, [...backlog, `3|${WANTED}`]).status, 0);
  const { status, stderr } = waits(dir, [`4|${segment(8)}`]);
  assert.equal(status, 1);
  assert.equal(stderr, `segment ${WANTED} was not archived; PostgreSQL says:\nthe whole view\n`);
});

test.run();
