// The schedule's freeze: who holds it, what it stops, and when it stops nothing any more.
import * as assert from 'node:assert/strict';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { BackupHost, type Ran, run } from './backup-host.ts';

const test = suite('backup-freeze.sh');

let host: BackupHost;
let file: string;
test.before.each(() => {
  host = new BackupHost();
  file = join(host.dir, 'state/schedule-freeze');
});
test.after.each(() => host.remove());

const freeze = (...args: string[]): Promise<Ran> => host.run('backup-freeze.sh', args);
const on = (holder: string, ...more: string[]): Promise<Ran> =>
  freeze('on', '--holder', holder, '--reason', 'recover-cluster', ...more);

/** A run of backup-verify.sh on the golden archive, as the schedule calls it. */
async function scheduled(): Promise<Ran> {
  const settings = host.takeGolden();
  const script = join(host.dir, 'scripts/as-cron.sh');
  writeFileSync(
    script,
    '#!/bin/bash\nFANATICO_SCHEDULED=yes exec "${BASH_SOURCE[0]%/*}/backup-verify.sh"\n',
    { mode: 0o755 },
  );
  return host.run(script, [], settings);
}

function plant(expires: string): void {
  const freeze = { holder: 'run-1', reason: 'recover', since: '2026-01-29T10:00:00Z', expires };
  writeFileSync(file, JSON.stringify(freeze));
}

test('on, status, off; the file says holder, reason, since and expiry', async () => {
  assert.equal((await on('run-1', '--for', '30m')).status, 0);
  const { holder, reason, since, expires } = JSON.parse(readFileSync(file, 'utf8'));
  assert.deepEqual([holder, reason], ['run-1', 'recover-cluster']);
  assert.equal(Date.parse(expires) - Date.parse(since), 30 * 60 * 1000);
  const status = await freeze('status');
  assert.equal(status.status, 12);
  assert.match(status.stdout, /frozen by run-1 since .* until .*: recover-cluster/);
  assert.equal((await freeze('off', '--holder', 'run-1')).status, 0);
  assert.ok(!existsSync(file));
  assert.equal((await freeze('status')).status, 0);
});

test("another one's freeze is neither taken nor lifted, and its holder is named; one's own is renewed", async () => {
  await on('run-1');
  for (const refused of [await on('run-2'), await freeze('off', '--holder', 'run-2')]) {
    assert.equal(refused.status, 4);
    assert.match(refused.stderr, /frozen by run-1 since/);
  }
  assert.equal((await on('run-1', '--for', '2d')).status, 0);
});

test('what the schedule calls does nothing meanwhile, and says why', async () => {
  await on('run-1');
  const ran = await scheduled();
  assert.equal(ran.status, 12);
  assert.match(ran.stderr, /nothing is done: the schedule is frozen by run-1/);
  assert.ok(!existsSync(join(host.dir, 'log/backup-reports')));
});

test('what is typed, or called by a runbook, runs all the same', async () => {
  await on('run-1');
  const ran = await host.run('backup-verify.sh', [], host.takeGolden());
  assert.doesNotMatch(ran.stderr, /frozen/);
  assert.ok(existsSync(join(host.dir, 'log/backup-reports')));
});

test('an expired freeze stops nothing, is said, and is anybody’s to lift or replace', async () => {
  plant('2026-01-29T14:00:00Z');
  const ran = await scheduled();
  assert.match(ran.stderr, /the freeze of run-1 expired at 2026-01-29T14:00:00Z and stops nothing/);
  assert.ok(existsSync(join(host.dir, 'log/backup-reports')));
  assert.match((await freeze('status')).stdout, /^not frozen: the freeze of run-1 expired/);
  assert.equal((await on('run-2')).status, 0);
});

test('a freeze that cannot be read counts, but for a day only', async () => {
  for (const text of [
    '',
    '{',
    '{"holder":1}',
    '[]',
    '{"holder":"a","reason":"b","since":"c","expires":"never"}',
  ]) {
    writeFileSync(file, text);
    assert.equal((await freeze('status')).status, 12, text);
    const yesterday = Date.now() / 1000 - 25 * 3600;
    utimesSync(file, yesterday, yesterday);
    assert.equal((await freeze('status')).status, 0, text);
  }
});

test('a restore in progress stops what the schedule calls', async () => {
  writeFileSync(join(host.dir, 'state/restore-in-progress'), '');
  assert.equal((await scheduled()).status, 12);
});

for (const [what, args] of [
  ['no holder', ['on', '--reason', 'x']],
  ['no reason', ['on', '--holder', 'x']],
  ['a week', ['on', '--holder', 'x', '--reason', 'y', '--for', '7d']],
  ['no unit', ['on', '--holder', 'x', '--reason', 'y', '--for', '4']],
  ['no action', []],
] as const)
  test(`refuses: ${what}`, async () => {
    assert.equal((await freeze(...args)).status, 2);
    assert.ok(!existsSync(file));
  });

test('typed by root, a script goes on as postgres', () => {
  const env = { PATH: '/usr/bin:/bin', FANATICO_BACKUP_CONF: host.conf() };
  const args = ['-i', ...Object.entries(env).map(([name, value]) => `${name}=${value}`)];
  run('env', [...args, join(host.dir, 'scripts/backup-freeze.sh'), 'on', '--holder', 'a', '--reason', 'b']);
  assert.equal(run('stat', ['-c', '%U', file]).toString().trim(), 'postgres');
});

test.run();
