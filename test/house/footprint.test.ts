import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

const folder = mkdtempSync(join(tmpdir(), 'fanops-footprint-'));
test.after(() => rmSync(folder, { recursive: true }));

test('a process that outlives what began it is found, and is not when it has gone', () => {
  const { stdout } = bash(`
    export FANOPS_FOOTPRINT=$$
    scripts/footprint.sh >${folder}/before
    sleep 600 & below=$!
    late=$(setsid sh -c 'sleep 601 >/dev/null & echo $!')
    scripts/footprint.sh ${folder}/before | grep -E "running ($below|$late) "; echo "found \${PIPESTATUS[0]}"
    kill $late $below
    while kill -0 $late 2>/dev/null; do sleep 0.1; done
    scripts/footprint.sh ${folder}/before | grep -E "running ($below|$late) "; true`);
  assert.match(stdout, /^running \d+ sleep\nfound 1\n$/);
});

test('a listener and a mount are found', () => {
  const { stdout } = bash(`
    scripts/footprint.sh >${folder}/before
    sed -i -e '/^listening /d' -e '/^mounted \\/proc$/d' ${folder}/before
    "$NODE" -e 'require("net").createServer().listen(0, "127.0.0.1", function () { console.log(this.address().port) })' >${folder}/port &
    while [ ! -s ${folder}/port ]; do sleep 0.05; done
    scripts/footprint.sh ${folder}/before | grep -cE "^listening 127.0.0.1:$(cat ${folder}/port)$|^mounted /proc$"
    kill $!`);
  assert.is(stdout, '2\n');
});

function bash(script: string): { stdout: string } {
  return spawnSync('bash', ['-c', script], {
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath },
  });
}

test.run();
