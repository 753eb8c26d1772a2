// templates/recovery/keep-configuration.sh against a patronictl that says what it is told.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { suite } from 'uvu';

const test = suite('keep-configuration.sh');
const SCRIPT = fileURLToPath(new URL('../../templates/recovery/keep-configuration.sh', import.meta.url));
const LIVE = 'ttl: 30\n';

let dir: string;
let kept: string;

test.before.each(() => {
  dir = mkdtempSync(join(tmpdir(), 'fanops-keep-'));
  kept = join(dir, 'dynamic-configuration.yml');
  writeFileSync(join(dir, 'restore-in-progress'), '');
});
test.after.each(() => rmSync(dir, { recursive: true }));

/** The end of what Patroni 3 says where the DCS has answered, and has no dynamic configuration. */
const NONE = `Traceback (most recent call last):
  File "/usr/lib/python3/dist-packages/patroni/ctl.py", line 1284, in show_config
    click.echo(format_config_for_editing(cluster.config.data))
AttributeError: 'NoneType' object has no attribute 'data'
`;

function save(said: string, status = 0, error = ''): { status: number | null; stderr: string } {
  writeFileSync(join(dir, 'said'), said);
  writeFileSync(join(dir, 'error'), error);
  const stub = `#!/bin/sh\ncat '${dir}/said'\ncat '${dir}/error' >&2\nexit ${status}\n`;
  writeFileSync(join(dir, 'patronictl'), stub, { mode: 0o755 });
  return spawnSync('bash', [SCRIPT, 'save', 'config.yml', dir], {
    encoding: 'utf8',
    env: { PATH: `${dir}:/usr/bin:/bin` },
  });
}

/** Where the DCS has what stands in `said`, and takes what it is given. */
function restore(): string {
  const stub = `#!/bin/sh
case "$*" in
*show-config*) [ -e '${dir}/said' ] || { cat '${dir}/error' >&2; cp '${dir}/later' '${dir}/said'; exit 1; }; cat '${dir}/said' ;;
*--replace*) cp '${kept}' '${dir}/said' ;;
*'--set pause=null'*) sed -i '/^pause:/d' '${dir}/said' ;;
esac\n`;
  writeFileSync(join(dir, 'patronictl'), stub, { mode: 0o755 });
  const { status, stdout, stderr } = spawnSync('bash', [SCRIPT, 'restore', 'config.yml', dir], {
    encoding: 'utf8',
    env: { PATH: `${dir}:/usr/bin:/bin` },
  });
  assert.equal(status, 0, stderr);
  return stdout;
}

/** What the DCS holds. */
const said = (): string => readFileSync(join(dir, 'said'), 'utf8');

/** What stands in the kept file, `nothing` where there is none. */
const holds = (): string => (existsSync(kept) ? readFileSync(kept, 'utf8') : 'nothing');

test('what the DCS holds is kept, and not replaced when the step is done again', () => {
  assert.equal(save(LIVE).status, 0);
  assert.equal(holds(), LIVE);
  assert.equal(save('').status, 0);
  assert.equal(holds(), LIVE);
});

test('a DCS that has none is no error; one that does not answer is', () => {
  for (const none of ['', '{}\n']) assert.equal(save(none).status, 0);
  assert.equal(save('', 1, NONE).status, 0);
  assert.equal(holds(), 'nothing');
  const { status, stderr } = save(
    '',
    1,
    'Error: Can not find suitable configuration of distributed configuration store\n',
  );
  assert.equal(status, 1);
  assert.match(stderr, /^Error: Can not find/);
  assert.match(stderr, /show-config ended with 1 [\s\S]* the entry in the DCS stays/);
  assert.equal(holds(), 'nothing');
});

test('what an earlier recovery has left is not taken for the configuration of now', () => {
  writeFileSync(kept, 'ttl: 20\n');
  utimesSync(kept, 1, 1);
  assert.equal(save(LIVE).status, 0);
  assert.equal(holds(), LIVE);
});

test('what was kept is given back, and forgotten', () => {
  writeFileSync(kept, LIVE);
  writeFileSync(join(dir, 'said'), 'ttl: 20\n');
  assert.equal(restore(), '');
  assert.equal(said(), LIVE);
  assert.equal(holds(), 'nothing');
});

const PAUSED = `loop_wait: 10\npause: true\n${LIVE}`;
const RESUMED = /^Patroni was paused, and is not any more/;

test('a pause is not given back', () => {
  save(PAUSED);
  writeFileSync(join(dir, 'said'), LIVE);
  assert.match(restore(), RESUMED);
  assert.equal(said(), `loop_wait: 10\n${LIVE}`);
  assert.equal(restore(), '');
});

test('nor is one that the backup remembers, which Patroni enters only a turn after it leads', () => {
  writeFileSync(join(dir, 'error'), NONE);
  writeFileSync(join(dir, 'later'), PAUSED);
  assert.match(restore(), RESUMED);
  assert.equal(said(), `loop_wait: 10\n${LIVE}`);
});

test.run();
