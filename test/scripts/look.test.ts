// templates/diagnose/look.sh with programs of its own: what is planted is found, named once, and has a next step.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const test = suite('look.sh');
const LOOK = fileURLToPath(new URL('../../templates/diagnose/look.sh', import.meta.url));

let dir: string;
const at = (name: string) => join(dir, name);

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'fanops-look-'));
  for (const name of ['bin', 'scripts', 'archive/full', 'archive/wal', 'state', 'logs', 'pg'])
    mkdirSync(at(name), { recursive: true });
  for (const name of ['key', 'schedule']) writeFileSync(at(name), '');
  // What a healthy node answers.
  program('bin/systemctl', '[ "$1 $2" != "-q is-active" ] || ! grep -qx "$3" ../stopped 2>/dev/null');
  program('bin/etcdctl', 'echo healthy');
  program('bin/patronictl', 'echo leader');
  program('bin/pg_isready', 'echo accepting');
  program('bin/psql', 'echo f');
  program('bin/runuser', 'while [ "$1" != -- ]; do shift; done; shift; exec "$@"');
  status(0);
});
test.after.each(() => rmSync(dir, { recursive: true }));

function program(name: string, ...lines: readonly string[]): void {
  writeFileSync(at(name), ['#!/bin/bash', 'cd "${0%/*}"', ...lines].join('\n'), { mode: 0o755 });
}

/** What backup-status.sh says, and how it ends. */
function status(code: number, ...lines: readonly string[]): void {
  program('scripts/backup-status.sh', ...lines.map((line) => `echo '${line}'`), `exit ${code}`);
}

/** Runs it, which always ends with 0, and gives the findings. */
function findings(fullPercent = 101): string[] {
  const args = ['archive', 'key', 'scripts', 'patroni.yml', 'pg/data', 'logs', 'state', 'schedule'].map(at);
  const env = { PATH: `${at('bin')}:/usr/bin:/bin` };
  const ran = spawnSync('bash', [LOOK, ...args, `${fullPercent}`], { env, encoding: 'utf8' });
  assert.equal(ran.status, 0, ran.stderr);
  const [, found = ''] = ran.stdout.split(/^== Findings on .*$/m);
  return found.trim().split('\n');
}

test('where nothing is out of order, it says so', () => {
  assert.deepEqual(findings(), ['- nothing out of order was seen here']);
});

const stop = (unit: string) => writeFileSync(at('stopped'), `${unit}\n`);

for (const [what, plant, found] of [
  ['a stopped cron', () => stop('cron'), /^- cron does not run: .* Next: systemctl enable --now cron$/],
  ['a stopped Patroni', () => stop('patroni'), /^- patroni does not run\. Next: journalctl -u patroni/],
  ['a missing schedule', () => rmSync(at('schedule')), /^- there is no schedule at .* Next: fanops apply/],
  [
    'archiving that fails',
    () => program('bin/psql', 'echo t'),
    /^- archiving fails\. Next: the reason is in /,
  ],
  ['a missing key', () => rmSync(at('key')), /^- there is no key at \S+key\. Next: put the right one there/],
  [
    'a server that is silent',
    () => program('bin/pg_isready', 'exit 2'),
    /^- PostgreSQL does not answer\. Next/,
  ],
  [
    'an etcd without quorum',
    () => program('bin/etcdctl', 'exit 1'),
    /^- etcd has no quorum.* Next: systemctl/,
  ],
  [
    'a member of etcd without a vote',
    () => program('bin/etcdctl', 'echo "5d, started, db2, http://10.0.0.2:2380, http://10.0.0.2:2379, true"'),
    /^- etcd's member at http:\/\/10.0.0.2:2380 has no vote.* Next: .*etcd-rejoin.sh --promote http:\/\/10.0.0.2:2380 http/,
  ],
  [
    'an archive that is gone',
    () => rmSync(at('archive'), { recursive: true }),
    /^- \S+archive cannot be listed/,
  ],
  [
    'scripts that are not there',
    () => rmSync(at('scripts'), { recursive: true }),
    /^- the backup system is not installed here\. Next: fanops apply install.yml$/,
  ],
  [
    'a restore in progress, and not that Patroni is stopped for it',
    () => {
      stop('patroni');
      writeFileSync(at('state/restore-in-progress'), '');
    },
    /^- a restore is in progress, and patroni may not start\. Next: fanops runs/,
  ],
  [
    'a data directory of somebody else',
    () => mkdirSync(at('pg/data'), { mode: 0o755 }),
    /^- \S+data is of \S+ 755\. Next: chown postgres:postgres/,
  ],
] as const)
  test(`finds ${what}, once, with what to do next`, () => {
    plant();
    const all = findings();
    assert.equal(all.length, 1, all.join('\n'));
    assert.match(all[0] ?? '', found);
  });

test('a disk is full from the given percentage on', () => {
  assert.match(findings(0).join('\n'), /^- the archive's disk is \d+ % full\. Next: .*backup-retention.sh/);
});

test('each alarm and warning of backup-status.sh is a finding; what was seen already is not said twice', () => {
  program('bin/psql', 'echo t');
  status(
    14,
    'newest full   none',
    'ALARM    archiving fails: the last attempt did (backup-wal.log)',
    'ALARM    the newest full backup ended 50 hours ago; at most 26 are allowed',
    'ALARM    the last verification, at 2026-11-22T04:00:09Z, found 1 failures, the first: x',
    'WARNING  the last drill, on db2, failed: x.json',
  );
  const [archiving, old, verification, drill, ...more] = findings();
  assert.match(archiving ?? '', /^- archiving fails/);
  assert.match(old ?? '', /ended 50 hours ago.* Next: why is in .*backup-full.log.*backup-full.sh --verify$/);
  assert.match(verification ?? '', /the last verification.* Next: .*fanops run verify-backups.yml$/);
  assert.match(drill ?? '', /the last drill.* Next: .*fanops run drill.yml$/);
  assert.deepEqual(more, []);
});

test('a status that could not be worked out is a finding of its own', () => {
  status(3, 'error: no settings');
  assert.match(findings().join(), /^- backup-status.sh could not look \(exit status 3\)\. Next/);
});

test.run();
