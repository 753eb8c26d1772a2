// templates/recovery/put-back.sh: the directory from before the incident comes back, and nothing that was put into its place is lost.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';
import { raiseMarker } from './raise-marker.ts';

const test = suite('put-back.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/recovery/put-back.sh', import.meta.url));

let dir: string;
let data: string;
let marker: string;

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'fanops-put-'));
  data = join(dir, 'data');
  marker = join(dir, 'restore-in-progress');
});
test.after.each(() => rmSync(dir, { recursive: true }));

/** A data directory that says whose it is. */
function fill(what: string): void {
  mkdirSync(data, { recursive: true });
  writeFileSync(join(data, 'PG_VERSION'), what);
}

/** As move-aside.sh does; `number` for the moment. */
function moveAside(number: number): void {
  renameSync(data, `${data}.before-restore-20260101_00000${number}`);
}

function putBack(): { status: number | null; stdout: string; stderr: string } {
  return spawnSync('bash', [SCRIPT, data, marker], { encoding: 'utf8' });
}

/** What the data directories hold, by their names without the moment. */
function held(): { [name: string]: string } {
  const names = readdirSync(dir).filter((name) => name.startsWith('data'));
  return Object.fromEntries(
    names.map((name) => {
      const [first] = readdirSync(join(dir, name));
      return [
        name.replace(/restored-\d{8}_\d{6}$/, 'restored'),
        first ? readFileSync(join(dir, name, first), 'utf8') : '',
      ];
    }),
  );
}

test('what was restored goes aside, and what was there before comes back', () => {
  fill('old');
  raiseMarker(marker);
  moveAside(1);
  fill('restored');
  assert.equal(putBack().status, 0);
  assert.deepEqual(held(), { data: 'old', 'data.restored': 'restored' });
});

test('an empty place is given up for it', () => {
  fill('old');
  raiseMarker(marker);
  moveAside(1);
  mkdirSync(data);
  assert.equal(putBack().status, 0);
  assert.deepEqual(held(), { data: 'old' });
});

test('of several the first comes back: the others are of restores that were tried again', () => {
  fill('old');
  raiseMarker(marker);
  moveAside(1);
  fill('first try');
  moveAside(2);
  fill('second try');
  assert.equal(putBack().status, 0);
  assert.deepEqual(held(), {
    data: 'old',
    'data.before-restore-20260101_000002': 'first try',
    'data.restored': 'second try',
  });
});

test('what an earlier recovery has moved aside, and what was not moved, stays', () => {
  fill('of an earlier one');
  moveAside(1);
  fill('old');
  raiseMarker(marker);
  const before = held();
  const { status, stdout } = putBack();
  assert.equal(status, 0);
  assert.match(stdout, /^nothing was moved aside here since/);
  assert.deepEqual(held(), before);
});

test('what was restored into an empty place goes aside, and leaves it empty', () => {
  raiseMarker(marker);
  fill('restored');
  assert.equal(putBack().status, 0);
  assert.deepEqual(held(), { data: '', 'data.restored': 'restored' });
});

test('without the marker nothing is renamed', () => {
  fill('old');
  moveAside(1);
  const { status, stderr } = putBack();
  assert.equal(status, 1);
  assert.match(stderr, /restore-in-progress is not there: what was renamed since cannot be told/);
  assert.deepEqual(held(), { 'data.before-restore-20260101_000001': 'old' });
});

test.run();
