// backup-status.sh on a small real server that archives: what it says, and the exit statuses that a monitor reads.
import * as assert from 'node:assert/strict';
import {
  existsSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import { PG_BIN, type Ran, type Settings } from './backup-host.ts';
import { RestoreSource } from './restore-source.ts';

const test = suite('backup-status.sh');

let source: RestoreSource;
/** In the middle of the archived WAL since the full backup. */
let middle: string;
test.before(async () => {
  source = new RestoreSource();
  source.server.sql('alter system set archive_timeout = 60');
  source.server.sql('select pg_reload_conf()');
  await source.backup();
  for (let i = 0; i < 3; i++) {
    source.server.sql("insert into ledger (filler) values ('x')");
    await source.archiveAll();
    if (i === 1) middle = source.host.walFiles().findLast((name) => /^[0-9A-F]{24}\.gz$/.test(name)) ?? '';
  }
});
test.after(() => source.remove());
// Something was archived just now, however long the tests before took.
test.before.each(async () => {
  source.server.sql("insert into ledger (filler) values ('x')");
  await source.archiveAll();
});

const NO_S3 = /^without S3 the loss of all members' disks.* is not survived$/;

interface Status {
  readonly [name: string]: string | number | null | readonly string[];
  readonly status: string;
  readonly alarms: readonly string[];
  readonly warnings: readonly string[];
}

const run = (args: readonly string[], more: Settings = {}): Promise<Ran> =>
  source.host.run('backup-status.sh', args, { ...source.settings, ...more });

async function status(more: Settings = {}): Promise<{ readonly code: number | null; readonly said: Status }> {
  const { status, stdout, stderr } = await run(['--json'], more);
  assert.equal(stderr, '');
  return { code: status, said: JSON.parse(stdout) };
}

/** Without the warnings that this host gives always: it has no S3, and its disk may be filled by others. */
const others = (warnings: readonly string[]): readonly string[] =>
  warnings.filter((text) => !NO_S3.test(text) && !/MiB free$/.test(text));

const DAY = 86_400_000;
const reports = (): string => join(source.host.dir, 'log/backup-reports');
const state = (name: string): string => join(source.host.dir, 'state', name);

test('as JSON: every fact by its name, numbers as numbers; no S3 is a warning, 13', async () => {
  const { code, said } = await status();
  assert.equal(code, 13);
  assert.equal(said.schema, 'fanatico-status/1');
  assert.deepEqual(said.alarms, []);
  assert.deepEqual(others(said.warnings), []);
  assert.ok(said.warnings.some((text) => NO_S3.test(text)));
  assert.equal(said.status, 'warning');
  const { cluster, node, role, archive_timeout_seconds, wal_gaps, freeze, restore_in_progress, s3 } = said;
  assert.deepEqual(
    [cluster, node, role, archive_timeout_seconds, wal_gaps, freeze, restore_in_progress, s3],
    ['test', 'db1', 'leader', 60, 0, 'none', 'no', 'off'],
  );
  assert.match(String(said.newest_full), /^full_backup_\d{8}_\d{6}\.tar\.gz$/);
  assert.equal(said.newest_verified, said.newest_full);
  assert.ok(Number(said.newest_full_age_seconds) < 600);
  assert.ok(Number(said.wal_files) > 3);
});

test('a host without a server has no alarms of PostgreSQL, but those of the blockchain', async () => {
  const directory = join(source.host.archive, 'blockchain');
  mkdirSync(directory, { recursive: true });
  const name = (stamp: string) => join(directory, `blockchain_backup_${stamp}.tar.gz.json`);
  const put = (at: Date) => {
    const stamp = at.toISOString().slice(0, 19);
    writeFileSync(
      name(stamp.replace(/[-:]/g, '').replace('T', '_')),
      `{\n  "schema": "fanatico-backup/1",\n  "created_at": "${stamp}Z",\n  "hmac": ""\n}\n`,
    );
  };
  const none = { PG_HOST: '', BLOCKCHAIN_DB: '/srv/chain.db' };
  assert.deepEqual((await status(none)).said.alarms, ['there is no backup of the blockchain here']);
  put(new Date(Date.now() - 7 * 3600 * 1000));
  source.host.own();
  const old = await status(none);
  assert.equal(old.code, 14);
  assert.deepEqual(old.said.alarms, [
    'the newest backup of the blockchain is 7 hours old; one is made every six hours',
  ]);
  put(new Date());
  source.host.own();
  const { said } = await status(none);
  assert.deepEqual(said.alarms, []);
  assert.deepEqual(others(said.warnings), []);
  assert.equal(said.role, 'none');
  rmSync(directory, { recursive: true });
});

test('as text: the same, a verdict last', async () => {
  const ran = await run([]);
  assert.equal(ran.status, 13);
  assert.match(ran.stdout, /^role {2,}leader$/m);
  assert.match(ran.stdout, /^WARNING {2}without S3 .*\n(WARNING.*\n)*warning\n$/m);
});

test('as metrics: numbers only, replaced as one', async () => {
  const file = state('fanatico.prom');
  assert.equal((await run(['--textfile', file])).status, 13);
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  for (const line of lines)
    assert.match(line, /^fanatico_backup_[a-z0-9_]+(\{cluster="test",node="db1"\})? \d+$/);
  assert.ok(lines.includes('fanatico_backup_wal_gaps{cluster="test",node="db1"} 0'));
  assert.ok(lines.includes('fanatico_backup_alarms 0'));
});

test('with S3 and nothing waiting all is well: 0', async () => {
  const s3 = { S3_BUCKET: 'backups' };
  const waiting = await status({ ...s3, S3_PENDING_ALARM_SECONDS: '9999' });
  assert.equal(waiting.said.s3, 's3://backups');
  assert.ok(Number(waiting.said.pending_uploads) > 3);
  assert.deepEqual(waiting.said.alarms, []);
  assert.deepEqual(others(waiting.said.warnings), []);
  for (const kind of ['full', 'wal']) mark(kind);
  const { code, said } = await status(s3);
  assert.equal(said.pending_uploads, 0);
  assert.equal(said.oldest_pending_seconds, 0);
  assert.equal(code, said.warnings.length === 0 ? 0 : 13);
  rmSync(join(source.host.archive, 'uploaded'), { recursive: true });
});

/** Marks everything of a kind as being in S3. */
function mark(kind: string): void {
  const marks = join(source.host.archive, 'uploaded/backups', kind);
  mkdirSync(marks, { recursive: true });
  for (const name of source.host.stored(kind).filter((name) => name.endsWith('.json')))
    linkSync(join(source.host.archive, kind, name), join(marks, name));
  source.host.own();
}

interface Trouble {
  readonly what: string;
  /** Makes it, and gives what takes it away. */
  readonly make: () => (() => void) | Promise<() => void>;
  readonly with?: Settings;
  readonly alarm?: RegExp;
  readonly warning?: RegExp;
}

const TROUBLES: readonly Trouble[] = [
  {
    what: 'the newest full backup is too old',
    make: () => endedAt('2026-01-29T02:00:00Z'),
    alarm: /^the newest full backup ended \d+ hours ago; at most 26 are allowed$/,
  },
  {
    what: 'there is no full backup',
    make: () => aside(source.host.full),
    alarm: /^there is no full backup here$/,
  },
  {
    what: 'the newest full backup was not verified',
    make: () => aside(join(source.host.full, 'latest.tar.gz')),
    warning: /^the newest full backup, full_backup_.*, was not verified yet$/,
  },
  {
    what: 'a segment is missing from the archive',
    make: () => aside(join(source.host.wal, middle)),
    alarm: /^1 segments are missing from the archived WAL .*[0-9A-F]{24}; backup-heal\.sh\)$/,
  },
  {
    what: 'the last verification failed',
    make: async () => {
      const file = join(source.host.wal, middle);
      const whole = readFileSync(file);
      writeFileSync(file, Buffer.concat([whole.subarray(0, -1), Buffer.from([(whole.at(-1) ?? 0) ^ 1])]));
      assert.equal((await source.host.run('backup-verify.sh', [], source.settings)).status, 6);
      writeFileSync(file, whole);
      return () => rmSync(reports(), { recursive: true });
    },
    alarm:
      /^the last verification, at \S+Z, found 1 failures, the first: wal\/[0-9A-F]{24}\.gz: its sha256 is not .* \(.*backup_verification_\S+\.json\)$/,
  },
  {
    what: 'the last verification was long ago',
    make: () => {
      mkdirSync(reports());
      const report = { ended_at: new Date(Date.now() - 9 * DAY).toISOString(), status: 'ok', failed: 0 };
      const text = JSON.stringify({ ...report, results: [] });
      writeFileSync(join(reports(), 'backup_verification_20260101_040000.json'), text);
      source.host.own();
      return () => rmSync(reports(), { recursive: true });
    },
    warning: /^the last verification was 9 days ago \(backup-verify\.sh, every week by cron\)$/,
  },
  {
    what: 'nothing was ever verified',
    make: () => {
      const identity = join(source.host.archive, 'CLUSTER.json');
      const founded = Date.now() / 1000 - 9 * 86400;
      utimesSync(identity, founded, founded);
      return () => utimesSync(identity, new Date(), new Date());
    },
    warning: /^nothing was verified here, and the archive is 9 days old/,
  },
  {
    what: 'uploads wait for too long',
    make: () => {
      const sidecar = join(source.host.wal, `${middle}.json`);
      const anHourAgo = Date.now() / 1000 - 3600;
      utimesSync(sidecar, anHourAgo, anHourAgo);
      return () => undefined;
    },
    with: { S3_BUCKET: 'backups' },
    alarm: /^\d+ artefacts wait for S3, the oldest for 36\d\d s$/,
  },
  {
    what: 'the schedule is frozen',
    make: () => freeze('2999-01-01T00:00:00Z'),
    warning: /^the schedule is frozen by run-7 since 2026-01-01T00:00:00Z until 2999-01-01T00:00:00Z \(x\)$/,
  },
  {
    what: 'a freeze expired and was never lifted',
    make: () => freeze('2026-01-02T00:00:00Z'),
    alarm: /^a freeze of run-7 expired at 2026-01-02T00:00:00Z and was never lifted/,
  },
  {
    what: 'a restore is in progress',
    make: () => plant(state('restore-in-progress'), ''),
    alarm: /^a restore is in progress on this node$/,
  },
  {
    what: 'archive_timeout misses the RPO',
    make: () => setting('archive_timeout', '300', '60'),
    warning: /^archive_timeout is 300 s: .*more than 300 s .*; archive_timeout = 60 would meet it$/,
  },
  {
    what: 'nothing was archived for a time',
    make: () => archivedAgo(1000),
    alarm: /^nothing was archived for 1000 s, and archive_timeout is 60 s$/,
  },
  {
    what: 'nothing is archived after a time, which is no alarm where nothing was written',
    make: () => {
      const [mendTime, mendSetting] = [archivedAgo(1000), setting('archive_timeout', '0', '60')];
      return () => {
        mendSetting();
        mendTime();
      };
    },
    warning: /^archive_timeout is 0 s: .*archive_timeout = 60 would meet it$/,
  },
  {
    what: 'the key cannot be read',
    make: () => aside(source.host.key),
    alarm: /^key: .*backup\.key/,
  },
  {
    what: 'the archive is of another cluster',
    make: () => () => undefined,
    with: { CLUSTER_NAME: 'other' },
    alarm: /^archive: .*test.*other|^archive: .*other.*test/,
  },
  {
    what: 'the server does not answer',
    make: () => () => undefined,
    with: { PG_PORT: '5498' },
    alarm: /^the server at .*:5498 does not answer$/,
  },
];
for (const { what, make, with: settings, alarm, warning } of TROUBLES)
  test(`says that ${what}, and ends with ${alarm ? 14 : 13}`, async () => {
    const mend = await make();
    try {
      const { code, said } = await status(settings);
      assert.match(said.alarms.join('\n'), new RegExp((alarm ?? /^$/).source, 'm'));
      assert.match(others(said.warnings).join('\n'), new RegExp((warning ?? /^/).source, 'm'));
      assert.equal(code, alarm ? 14 : 13);
      assert.equal(said.status, alarm ? 'alarm' : 'warning');
    } finally {
      mend();
    }
  });

/** Moves a file or directory away and gives what puts it back. */
function aside(path: string): () => void {
  renameSync(path, `${path}.aside`);
  return () => renameSync(`${path}.aside`, path);
}

function plant(path: string, text: string): () => void {
  writeFileSync(path, text);
  return () => rmSync(path);
}

const freeze = (expires: string): (() => void) =>
  plant(
    state('schedule-freeze'),
    JSON.stringify({ holder: 'run-7', reason: 'x', since: '2026-01-01T00:00:00Z', expires }),
  );

function setting(name: string, value: string, before: string): () => void {
  const set = (to: string): void => {
    source.server.sql(`alter system set ${name} = ${to}`);
    source.server.sql('select pg_reload_conf()');
    // A reload is only asked for: the servers' processes follow.
    for (let i = 0; source.server.sql(`select setting from pg_settings where name = '${name}'`) !== to; i++)
      assert.ok(i < 1000, `${name} is not ${to}`);
  };
  set(value);
  return () => set(before);
}

/** The server says that the last segment was archived so many seconds ago. */
function archivedAgo(seconds: number): () => void {
  source.host.stub(
    'psql',
    `set -o pipefail; ${PG_BIN}/psql "$@" | sed -E 's/^(leader\\|[0-9]+\\|[0-9]+\\|[tf]\\|)[0-9]+/\\1${seconds}/'`,
  );
  return () => {
    rmSync(join(source.host.bin, 'psql'));
    source.host.linkPostgres();
  };
}

/** Says in the newest full backup's sidecar when it ended. */
function endedAt(time: string): () => void {
  const name = source.host.stored('full').find((name) => name.endsWith('.tar.gz.json')) ?? '';
  const path = join(source.host.full, name);
  const text = readFileSync(path, 'utf8');
  writeFileSync(path, text.replace(/"ended_at": "[^"]*"/, `"ended_at": "${time}"`));
  return () => writeFileSync(path, text);
}

test('it changes nothing: neither a log nor a lock is written', async () => {
  const log = join(source.host.dir, 'log/backup-status.log');
  rmSync(log, { force: true });
  await run(['--json']);
  assert.ok(!existsSync(log));
});

test.run();
