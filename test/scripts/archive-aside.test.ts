// templates/recovery/archive-aside.sh: another system's archive goes aside, and comes back as it was.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { raiseMarker } from './raise-marker.ts';

const test = suite('archive-aside.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/recovery/archive-aside.sh', import.meta.url));
const EMPTY = ['blockchain/', 'config/', 'full/', 'wal/'];
const SEGMENT = '000000010000000000000001.gz';

let dir: string;
let archive: string;
let marker: string;

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'fanops-aside-'));
  archive = join(dir, 'archive');
  marker = join(dir, 'restore-in-progress');
});
test.after.each(() => rmSync(dir, { recursive: true }));

function run(mode: 'aside' | 'back'): { status: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync('bash', [SCRIPT, mode, archive, marker], { encoding: 'utf8' });
  return { status, said: stdout + stderr };
}

function runs(mode: 'aside' | 'back'): string {
  const { status, said } = run(mode);
  assert.equal(status, 0, said);
  return said;
}

/** What a cluster has archived. */
function fill(system: string): void {
  for (const name of EMPTY) mkdirSync(join(archive, name), { recursive: true });
  writeFileSync(join(archive, 'CLUSTER.json'), `{\n  "system_identifier": "${system}"\n}\n`);
  writeFileSync(join(archive, 'wal', SEGMENT), `WAL of ${system}`);
  writeFileSync(join(archive, 'uploaded'), '');
}

/** All paths with what is in the files; directories end in a slash. */
function tree(of: string): string[] {
  return readdirSync(of, { recursive: true, withFileTypes: true })
    .map((entry) => {
      const path = join(entry.parentPath, entry.name);
      const name = path.slice(of.length + 1);
      return entry.isDirectory() ? `${name}/` : `${name} ${readFileSync(path, 'utf8')}`;
    })
    .sort();
}

test('an archive goes aside as a whole, and an empty one takes its place', () => {
  fill('7001');
  const before = tree(archive);
  raiseMarker(marker);
  assert.match(runs('aside'), /is now in .*by-system-id\/7001$/m);
  assert.deepEqual(tree(join(archive, 'by-system-id/7001')), before);
  assert.deepEqual(readdirSync(archive).sort(), ['blockchain', 'by-system-id', 'config', 'full', 'wal']);
});

test('it comes back as it was', () => {
  fill('7001');
  const before = tree(archive);
  raiseMarker(marker);
  runs('aside');
  runs('back');
  assert.deepEqual(tree(archive), before);
});

test('both find nothing to do when they are run again', () => {
  fill('7001');
  const before = tree(archive);
  raiseMarker(marker);
  runs('aside');
  const aside = tree(archive);
  assert.equal(runs('aside'), '');
  assert.deepEqual(tree(archive), aside);
  runs('back');
  assert.match(runs('back'), /nothing was moved aside/);
  assert.deepEqual(tree(archive), before);
});

test('an empty place, or none, gets the directories of an archive, and keeps them', () => {
  raiseMarker(marker);
  assert.equal(runs('aside'), '');
  assert.deepEqual(tree(archive), EMPTY);
  runs('back');
  assert.deepEqual(tree(archive), EMPTY);
});

test('what an earlier recovery has moved aside stays there when a later one is taken back', () => {
  fill('7001');
  raiseMarker(marker);
  runs('aside');
  fill('7002');
  const later = tree(archive).filter((line) => !line.startsWith('by-system-id'));
  raiseMarker(marker);
  runs('aside');
  assert.deepEqual(readdirSync(join(archive, 'by-system-id')).sort(), ['7001', '7002']);
  runs('back');
  assert.deepEqual(readdirSync(join(archive, 'by-system-id')), ['7001']);
  const now = tree(archive).filter((line) => !line.startsWith('by-system-id'));
  assert.deepEqual(now, later);
});

test('an archive of the same system as one that is aside gets a place of its own', () => {
  fill('7001');
  runs('aside');
  fill('7001');
  runs('aside');
  const places = readdirSync(join(archive, 'by-system-id')).sort();
  assert.match(places.join(), /^7001,7001-\d{8}_\d{6}$/);
});

test('a second one without CLUSTER.json gets a place of its own, too', () => {
  for (const turn of ['one', 'two']) {
    fill('7001');
    rmSync(join(archive, 'CLUSTER.json'));
    writeFileSync(join(archive, 'config', 'config_backup.tar.gz'), turn);
    runs('aside');
  }
  const places = readdirSync(join(archive, 'by-system-id')).sort();
  assert.match(places.join(), /^unknown,unknown-\d{8}_\d{6}$/);
  const kept = (place = '') =>
    readFileSync(join(archive, 'by-system-id', place, 'config/config_backup.tar.gz'), 'utf8');
  assert.deepEqual(places.map(kept), ['one', 'two']);
});

test('without CLUSTER.json it is of an unknown system', () => {
  fill('7001');
  rmSync(join(archive, 'CLUSTER.json'));
  runs('aside');
  assert.ok(existsSync(join(archive, 'by-system-id/unknown/wal', SEGMENT)));
});

test('what has been written since is not replaced when it is taken back', () => {
  fill('7001');
  raiseMarker(marker);
  runs('aside');
  writeFileSync(join(archive, 'wal', SEGMENT), 'another');
  const { status, said } = run('back');
  assert.notEqual(status, 0, said);
  assert.match(said, /wal.*not empty/i);
  assert.equal(readFileSync(join(archive, 'wal', SEGMENT), 'utf8'), 'another');
  assert.equal(readFileSync(join(archive, 'by-system-id/7001/wal', SEGMENT), 'utf8'), 'WAL of 7001');
});

test('without the marker nothing is taken back', () => {
  fill('7001');
  runs('aside');
  const { status, said } = run('back');
  assert.equal(status, 1);
  assert.match(said, /restore-in-progress is not there/);
});

test.run();
