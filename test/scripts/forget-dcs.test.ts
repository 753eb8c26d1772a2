// templates/recovery/forget-dcs.sh against a patronictl that says what it is told, and a sleep that does not.
import * as assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const SCRIPT = fileURLToPath(new URL('../../templates/recovery/forget-dcs.sh', import.meta.url));
const MEMBERS = '[{"Member": "db1"}, {"Member": "db2"}]';

const test = suite<{ dir: string }>('forget-dcs.sh');

test.before.each((context) => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-forget-'));
  context.dir = dir;
  const patronictl = `#!/bin/sh
case $3 in
  list) sed -n 1p ${dir}/lists; [ "$(wc -l <${dir}/lists)" -eq 1 ] || sed -i 1d ${dir}/lists; [ ! -e ${dir}/broken ] ;;
  remove) { printf '%s\\n' "$*"; cat; } >${dir}/removed ;;
esac
`;
  writeFileSync(join(dir, 'patronictl'), patronictl, { mode: 0o755 });
  writeFileSync(join(dir, 'sleep'), '#!/bin/sh\n', { mode: 0o755 });
});
test.after.each(({ dir }) => rmSync(dir, { recursive: true }));

/** What `patronictl list` says one after the other; the last one for ever. */
function forget(dir: string, lists: readonly string[]): SpawnSyncReturns<string> {
  writeFileSync(join(dir, 'lists'), `${lists.join('\n')}\n`);
  const env = { PATH: `${dir}:/usr/bin:/bin` };
  return spawnSync('bash', [SCRIPT, 'config.yml', 'ours'], { encoding: 'utf8', env });
}

const removed = (dir: string): string =>
  existsSync(join(dir, 'removed')) ? readFileSync(join(dir, 'removed'), 'utf8') : 'nothing';

test('it waits until the members are out, and types what patronictl asks for', ({ dir }) => {
  const { status, stderr } = forget(dir, [MEMBERS, MEMBERS, '[{"Member": "db2"}]', '[]']);
  assert.equal(status, 0, stderr);
  assert.equal(removed(dir), '-c config.yml remove ours\nours\nYes I am aware\n');
});

test('while a member holds its entry nothing is removed', ({ dir }) => {
  const { status, stderr } = forget(dir, [MEMBERS]);
  assert.equal(status, 1);
  assert.match(stderr, /these members still hold their entries in the DCS: db1, db2\. Is Patroni stopped/);
  assert.equal(removed(dir), 'nothing');
});

test('where the DCS does not answer nothing is removed', ({ dir }) => {
  writeFileSync(join(dir, 'broken'), '');
  assert.notEqual(forget(dir, ['[]']).status, 0);
  assert.equal(removed(dir), 'nothing');
});

test.run();
