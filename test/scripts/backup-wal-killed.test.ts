// backup-wal.sh, killed with -9 at every program that it starts, one after another: what it said is archived stays so, and
// calling it again ends well, with the same content or a conflict.
import * as assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { suite } from 'uvu';
import { BackupHost, type Ran, run, sidecarOf } from './backup-host.ts';
import { segmentName, segmentOf } from './wal-segments.ts';

const test = suite('backup-wal.sh, killed');
// All but the readlink before the settings, which say where programs are.
const PROGRAMS = ['flock', 'od', 'openssl', 'igzip', 'stat', 'sync', 'ln', 'rm', 'tee', 'sha256sum'];
let host: BackupHost;
test.before.each(() => {
  host = new BackupHost();
});
test.after.each(() => host.remove());

/** The `step`th program that the script starts kills it, and what it has started, before doing anything itself. */
function killAt(step: number): void {
  const calls = join(host.dir, 'state/calls');
  rmSync(calls, { recursive: true, force: true });
  mkdirSync(calls);
  for (const program of PROGRAMS)
    host.stub(
      program,
      // Programs of a pipe start at once: each draws a number of its own.
      `n=1; until mkdir ${calls}/$n 2>/dev/null; do n=$((n + 1)); done`,
      `if [ $n -eq ${step} ]; then pkill -KILL -f ${host.dir}/scripts/backup-wal.sh; exit 1; fi`,
      `exec ${run('which', [program]).toString().trim()} "$@"`,
    );
  host.own();
}

async function archive(name: string): Promise<Ran> {
  return host.run('backup-wal.sh', [name, join(host.dir, name)]);
}

/** The content under a name, if it was archived: artefact and sidecar. */
function stored(name: string): Buffer {
  const path = join(host.wal, `${name}.gz`);
  sidecarOf(readFileSync(`${path}.json`, 'utf8'));
  const args = ['enc', '-d', '-aes-256-cbc', '-pbkdf2', '-pass', `file:${host.key}`, '-in', path];
  return gunzipSync(run('openssl', args));
}

test('at every step: nothing half-made is taken for archived, and the next call archives it', async () => {
  // The first into an empty archive founds it, too.
  let survived = 0;
  for (let step = 1; survived === 0; step++) {
    assert.ok(step < 60, 'it never ends');
    const name = segmentName(step);
    const content = segmentOf(name, `step ${step}`);
    writeFileSync(join(host.dir, name), content);
    killAt(step);
    const killed = await archive(name);
    host.unstub();
    if (killed.status === 0) survived = step;
    const again = await archive(name);
    assert.equal(again.status, 0, `step ${step}: ${again.stderr}`);
    assert.ok(stored(name).equals(content), `step ${step}`);
  }
  assert.ok(survived > 15, `only ${survived - 1} programs were started`);
  assert.ok(survived < 20, `${survived - 1} programs are started for each segment`);
  assert.equal(host.walFiles().length, 2 * survived, 'nothing is left over');
});

test('killed at every step, and called again with other content: a conflict, or it was never there', async () => {
  let conflicts = 0;
  let survived = false;
  for (let step = 1; !survived; step++) {
    assert.ok(step < 60, 'it never ends');
    const name = segmentName(step);
    writeFileSync(join(host.dir, name), segmentOf(name, 'one'));
    killAt(step);
    const first = await archive(name);
    host.unstub();
    survived = first.status === 0;
    writeFileSync(join(host.dir, name), segmentOf(name, 'two'));
    const second = await archive(name);
    if (second.status === 0) assert.ok(stored(name).equals(segmentOf(name, 'two')), `step ${step}`);
    else assert.match(second.stderr, /CONFLICT/, `step ${step}`);
    if (survived) assert.notEqual(second.status, 0);
    else if (second.status !== 0) conflicts += 1;
  }
  assert.ok(conflicts > 0, 'no kill left anything behind');
});

test.run();
