import { mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Looked } from '../../src/core/fact.ts';
import { type BackupArchive, backupArchive, backupArchiveFact } from '../../src/facts/backup-archive.ts';
import { contentFact } from '../../src/facts/content.ts';
import { keyIdFact } from '../../src/facts/key-id.ts';
import { keyRingFact } from '../../src/facts/key-ring.ts';
import { backupFacts } from '../../src/resources/backup-facts.ts';
import { isRoot, lookAt, NOBODY } from '../facts/looking.ts';
import { SCRATCH } from './stub-machine.ts';
import { ABSENT, facts, unreadable, value, viewOfMembers } from './views.ts';

const test = suite<{ dir: string }>('backup_facts');

test.before.each((context) => {
  context.dir = mkdtempSync(join(SCRATCH, 'fanops-archive-'));
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

const FULL = 'full_backup_20261122_020000.tar.gz';
const WAL = '000000010000000000000';

function archive(dir: string): void {
  for (const part of ['full', 'wal']) mkdirSync(join(dir, part));
  writeFileSync(join(dir, 'full', FULL), '12345');
  writeFileSync(
    join(dir, 'full', `${FULL}.json`),
    '{\n  "key_id": "k1",\n  "ended_at": "2026-11-22T02:01:00Z"\n}\n',
  );
  writeFileSync(join(dir, 'full', 'full_backup_20261123_020000.tar.gz'), '1');
  writeFileSync(join(dir, 'full', '.full_backup_20261124_020000.tar.gz.tmp'), '1');
  for (const name of ['00A', '00B', '1FF'])
    for (const end of ['.gz', '.gz.json']) writeFileSync(join(dir, 'wal', WAL + name + end), '');
  writeFileSync(join(dir, 'wal', '00000002.history.gz'), '');
  for (const name of ['00A', '00B', '1FF'])
    utimesSync(join(dir, 'wal', `${WAL}${name}.gz`), 1_000, name === '00B' ? 5_000 : 1_000);
  writeFileSync(join(dir, 'wal', `${WAL}00B.gz.json`), '{\n  "key_id": "k2",\n  "hmac": ""\n}\n');
}

test('fulls with and without their sidecars, and WAL, are seen as they are', ({ dir }) => {
  archive(dir);
  const [looked] = lookAt(backupArchive, [dir]);
  assert.is(looked?.state, 'value');
  if (looked?.state !== 'value') return;
  assert.equal(looked.value.fulls, [
    { name: FULL, size: 5, sidecar: { key_id: 'k1', ended_at: '2026-11-22T02:01:00Z' } },
    { name: 'full_backup_20261123_020000.tar.gz', size: 1 },
  ]);
  assert.equal(looked.value.wal, { count: 3, oldest: `${WAL}00A`, newest: `${WAL}1FF`, newestAt: 5_000 });
  assert.equal(looked.value.keys, ['k1', 'k2']);
  assert.ok(looked.value.free > 0);
});

test('a sidecar that is no JSON makes no complete backup; an empty archive is one', ({ dir }) => {
  mkdirSync(join(dir, 'full'));
  writeFileSync(join(dir, 'full', FULL), '');
  writeFileSync(join(dir, 'full', `${FULL}.json`), '{"half":');
  const [looked] = lookAt(backupArchive, [dir]);
  assert.equal(looked?.state === 'value' && [looked.value.fulls, looked.value.wal.count], [
    [{ name: FULL, size: 0 }],
    0,
  ]);
});

test('an archive behind a link, with an odd name, is found; one that is not there is absent', ({ dir }) => {
  const odd = join(dir, `a 'b' "$(x)"\n`);
  mkdirSync(odd);
  archive(odd);
  symlinkSync(odd, join(dir, 'link'));
  const seen = lookAt(backupArchive, [odd, join(dir, 'link'), join(dir, 'none')]);
  assert.equal(
    seen.map((one) => (one.state === 'value' ? one.value.fulls.length : one.state)),
    [2, 2, 'absent'],
  );
});

if (isRoot)
  test('an archive that may not be read is unreadable, not empty', ({ dir }) => {
    archive(dir);
    assert.is(lookAt(backupArchive, [dir], { uid: NOBODY })[0]?.state, 'unreadable');
  });

const PATH = '/var/backups/fanatico';
const IDENTITY = { schema: 'fanatico-backup/1', cluster: 'c', system_identifier: '77', key_id: 'k1' };

function held(ended: string, key = 'k1', name = FULL, keys: readonly string[] = []): BackupArchive {
  return {
    fulls: [
      { name, size: 9, sidecar: { key_id: key, ended_at: ended, system_identifier: '77' } },
      { name: 'z', size: 1 },
    ],
    wal: { count: 1, oldest: 'A', newest: 'A', newestAt: 1_000 },
    keys,
    free: 5,
  };
}

function judged(members: {
  readonly [host: string]: readonly [
    Looked<BackupArchive>,
    object | undefined,
    Looked<string>,
    Looked<readonly string[]>?,
  ];
}) {
  const looked = Object.entries(members).map(([host, [archived, identity, key, ring = ABSENT]]) => [
    host,
    facts(
      [backupArchiveFact(PATH), archived],
      [contentFact(`${PATH}/CLUSTER.json`), identity ? value({ text: JSON.stringify(identity) }) : ABSENT],
      [keyIdFact('/etc/fanatico/backup.key'), key],
      [keyRingFact('/etc/fanatico/backup.key.d'), ring],
    ),
  ]);
  const view = viewOfMembers(Object.fromEntries(looked));
  return backupFacts.registered({ members: 'db' }, backupFacts.diff({ members: 'db' }, view), [], view);
}

test('the newest complete full is told with its host, and hosts that agree give one identity', () => {
  const result = judged({
    db1: [value(held('2026-11-21T02:00:00Z')), IDENTITY, value('k1')],
    db2: [value(held('2026-11-22T02:00:00Z')), undefined, ABSENT],
    db3: [ABSENT, undefined, ABSENT],
  });
  assert.equal([result.newest_full?.host, result.newest_full?.complete], ['db2', true]);
  assert.equal(
    [result.key_ids, result.cluster_json, result.disagreement, result.unreadable],
    [['k1'], IDENTITY, [], []],
  );
  assert.equal(Object.keys(result.members), ['db1', 'db2']);
  assert.equal(
    [result.members.db1?.wal.newest_at, result.members.db2?.key_id],
    ['1970-01-01T00:16:40.000Z', ''],
  );
});

test('archives and keys that disagree are named, and what could not be read is', () => {
  const result = judged({
    db1: [value(held('1')), IDENTITY, value('k1')],
    db2: [value(held('2', 'k2')), { ...IDENTITY, system_identifier: '78' }, value('k2')],
    db3: [unreadable('db3 could not be reached'), undefined, unreadable('db3 could not be reached')],
  });
  assert.equal(result.cluster_json, null);
  assert.equal(
    [result.key_ids, result.system_identifiers],
    [
      ['k1', 'k2'],
      ['77', '78'],
    ],
  );
  assert.equal(result.disagreement, [
    'the system identifier: db1 has 77, db2 has 78',
    'the key on the host: db1 has k1, db2 has k2',
  ]);
  assert.equal(result.unreadable, ['db3 could not be reached']);
});

test('after a rotation, the hosts that lack a key that backups were made with are named', () => {
  const now = { ...IDENTITY, key_id: 'k2' };
  const result = judged({
    db1: [value(held('1')), now, value('k2'), value(['k1', 'k0'])],
    db2: [value(held('2', 'k2')), now, value('k2')],
  });
  assert.equal(
    [result.key_ids, result.kept_keys, result.members.db1?.kept_keys],
    [
      ['k1', 'k2'],
      ['k0', 'k1'],
      ['k1', 'k0'],
    ],
  );
  assert.equal(result.lacking, ['db2 does not hold the key k1']);
  assert.equal(result.disagreement, []);
});

test('a key that only WAL was archived with is lacked, too', () => {
  const { lacking } = judged({
    db1: [value(held('1', 'k1', FULL, ['k1', 'k2'])), IDENTITY, value('k1'), value(['k2'])],
    db2: [value(held('1')), IDENTITY, value('k1')],
  });
  assert.equal(lacking, ['db2 does not hold the key k2']);
});

test('a CLUSTER.json that is none is said', () => {
  const { unreadable: said, cluster_json } = judged({ db1: [value(held('1')), { x: 1 }, ABSENT] });
  assert.equal([said, cluster_json], [[`db1: ${PATH}/CLUSTER.json is not what it should be`], null]);
});

test.run();
