// backup-retention.sh on real artefacts: what --dry-run names is what goes; and what keeps it from removing anything.
import * as assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { BackupHost, type Ran, type Settings } from './backup-host.ts';
import { refused, succeeded } from './ran.ts';

const test = suite('backup-retention.sh');
const FULL = 'full_backup_20261123_014927.tar.gz';
const DAY = 24 * 3600 * 1000;

let host: BackupHost;
let settings: Settings;
test.before.each(() => {
  host = new BackupHost();
  settings = { ...host.takeGolden(), ENCRYPTION: 'no', VERIFY_MAX_AGE_HOURS: '26' };
  for (const name of ['blockchain', 'config']) mkdirSync(join(host.archive, name));
  const cluster = join(host.archive, 'CLUSTER.json');
  writeFileSync(cluster, readFileSync(cluster, 'utf8').replace(/"key_id": ".*"/, '"key_id": ""'));
  for (const name of [...readdirSync(host.full)]) rmSync(join(host.full, name));
  for (const name of host.walFiles()) rmSync(join(host.wal, name));
  for (let day = 44; day >= 0; day--) plant(day);
  put('wal', '00000001.history.gz', {}, gzipSync('1\t0/1000000\tno reason\n'));
  for (const [kind, prefix] of [
    ['blockchain', 'blockchain_backup'],
    ['config', 'config_backup'],
    ['config', 'etcd_snapshot'],
  ] as const)
    for (const age of [1, 20, 50, 100]) put(kind, `${prefix}_${stampOf(age)}.tar.gz`);
  host.own();
});
test.after.each(() => host.remove());

/** One moment for all: what is a day old must not be so a second earlier than what it is compared with. */
const NOW = Date.now();
const stampOf = (daysAgo: number): string =>
  new Date(NOW - daysAgo * DAY - 3600 * 1000)
    .toISOString()
    .slice(0, 19)
    .replace(/[-:]/g, '')
    .replace('T', '_');
const segment = (n: number): string =>
  `0000000100000000000000${n.toString(16).toUpperCase().padStart(2, '0')}`;

function put(
  kind: string,
  name: string,
  fields: { readonly [name: string]: string | number } = {},
  content: Buffer | string = 'content',
): void {
  const path = join(host.archive, kind, name);
  writeFileSync(path, content);
  const all = {
    schema: 'fanatico-backup/1',
    kind,
    name,
    cluster: 'golden',
    cipher: 'none',
    iterations: 0,
    key_id: '',
    ...fields,
    hmac: '',
  };
  const lines = Object.entries(all).map(([key, value]) => `  "${key}": ${JSON.stringify(value)}`);
  writeFileSync(`${path}.json`, `{\n${lines.join(',\n')}\n}\n`);
}

/** A day of an archive: a full backup in its second segment of two. */
function plant(daysAgo: number): void {
  const first = 2 * (50 - daysAgo);
  const ended_at = new Date(NOW - daysAgo * DAY - 3600 * 1000).toISOString();
  put('full', `full_backup_${stampOf(daysAgo)}.tar.gz`, {
    ended_at,
    first_wal: segment(first),
    last_wal: segment(first),
    wal_segment_size: 16777216,
  });
  for (const n of [first, first + 1]) put('wal', `${segment(n)}.gz`);
}

const retention = (args: readonly string[] = [], more: Settings = {}): Promise<Ran> =>
  host.run('backup-retention.sh', args, { ...settings, ...more });

/** All artefacts of the archive, those with a sidecar. */
function artefacts(): string[] {
  return ['full', 'wal', 'blockchain', 'config'].flatMap((kind) =>
    readdirSync(join(host.archive, kind))
      .filter((name) => name.endsWith('.json'))
      .map((name) => `${kind}/${name.slice(0, -5)}`),
  );
}

test('what --dry-run names is exactly what goes, and a second run finds nothing', async () => {
  const before = artefacts();
  const dry = await retention(['--dry-run']);
  assert.equal(dry.status, 0, dry.stderr);
  assert.deepEqual(artefacts(), before);
  const named = dry.stdout.trim().split('\n').sort();
  const done = await retention();
  assert.equal(done.status, 0, done.stderr);
  const after = artefacts();
  assert.deepEqual(before.filter((name) => !after.includes(name)).sort(), named);
  assert.ok(named.length > 80, `${named.length}`);
  assert.equal(readdirSync(host.full).length, 2 * 30);
  assert.equal(after.filter((name) => name.startsWith('blockchain/')).length, 2);
  assert.equal(after.filter((name) => name.startsWith('config/config')).length, 3);
  assert.ok(existsSync(join(host.wal, '00000001.history.gz')));
  assert.equal((await retention(['--dry-run'])).stdout, '');
});

const HELD: [string, () => void, Settings, RegExp][] = [
  ['the schedule is frozen', () => freeze(), {}, /frozen by run-7/],
  [
    'a restore runs',
    () => writeFileSync(join(host.dir, 'state/restore-in-progress'), ''),
    {},
    /a restore is in progress/,
  ],
  ['uploads wait', () => undefined, { S3_BUCKET: 'backups' }, /\d+ artefacts wait for S3/],
];
for (const [what, spoil, more, reason] of HELD)
  test(`nothing goes while ${what}`, async () => {
    spoil();
    host.own();
    const before = artefacts();
    refused(await retention([], more), 12, reason);
    assert.deepEqual(artefacts(), before);
  });

for (const [what, days, reason] of [
  [
    'the newest full backup is too old',
    3,
    /no full backup and no WAL .*: the newest good .* more than 26 hours ago/,
  ],
  ['there is none', 99, /no full backup and no WAL is removed: there is no good full backup/],
] as const)
  test(`while ${what}, as on a member that does not lead, only what every member makes goes`, async () => {
    age(days);
    host.own();
    const before = artefacts();
    const named = (await retention(['--dry-run'])).stdout.trim().split('\n').sort();
    refused(await retention(), 12, reason);
    const gone = before.filter((name) => !artefacts().includes(name));
    assert.deepEqual(gone.sort(), named);
    assert.deepEqual([...new Set(gone.map((name) => name.split('/')[0]))], ['blockchain', 'config']);
  });

test('where neither server nor full backup ever was, what is old goes and nothing is held against it', async () => {
  for (const kind of [host.full, host.wal]) for (const name of readdirSync(kind)) rmSync(join(kind, name));
  const { stderr } = succeeded(await retention());
  assert.match(stderr, /blockchain\/\S+ is removed: made /);
});

/** Takes the full backups of the last days away. */
function age(days: number): void {
  for (const name of readdirSync(host.full))
    if (name > `full_backup_${stampOf(days)}.tar.gz.sha256`) rmSync(join(host.full, name));
  if (days > 50) for (const name of readdirSync(host.full)) rmSync(join(host.full, name));
}

function freeze(): void {
  const text = {
    holder: 'run-7',
    reason: 'x',
    since: '2026-01-01T00:00:00Z',
    expires: '2999-01-01T00:00:00Z',
  };
  writeFileSync(join(host.dir, 'state/schedule-freeze'), JSON.stringify(text));
}

test('a full backup whose sidecar is spoilt is neither removed nor counted on', async () => {
  const name = readdirSync(host.full).sort()[0] ?? '';
  writeFileSync(join(host.full, `${name}.json`), '{}');
  const ran = await retention();
  assert.match(ran.stderr, new RegExp(`full/${name} is left alone`));
  assert.ok(existsSync(join(host.full, name)));
});

test('a history file that cannot be read stops it: which WAL is needed is not known', async () => {
  const golden = new BackupHost();
  const own = { ...golden.takeGolden(), VERIFY_MAX_AGE_HOURS: '999999' };
  writeFileSync(join(golden.wal, '00000002.history.gz'), 'rubbish');
  const ran = await golden.run('backup-retention.sh', [], own);
  assert.match(ran.stderr, /00000002\.history\.gz cannot be read: nothing is removed/);
  assert.equal(ran.status, 6);
  golden.remove();
});

test('killed between two files of an artefact, the next run finishes it', async () => {
  const old = readdirSync(host.full).sort()[0] ?? '';
  renameSync(join(host.full, old), join(host.dir, 'gone'));
  assert.equal((await retention()).status, 0);
  assert.ok(!existsSync(join(host.full, `${old}.json`)));
});

test('on the golden archive it removes nothing that is needed', async () => {
  const golden = new BackupHost();
  const own = { ...golden.takeGolden(), VERIFY_MAX_AGE_HOURS: '999999' };
  cpSync(join(golden.full, FULL), join(golden.dir, 'kept'));
  const ran = await golden.run('backup-retention.sh', ['--dry-run'], own);
  assert.equal(ran.status, 0, ran.stderr);
  assert.equal(ran.stdout, '');
  golden.remove();
});

test.run();
