// A host that loses its power in mid-command, and a controller that dies with it.
import * as assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import { clusterSettles, fanopsEnds, INVENTORY, textOn, tryOn } from './on-lab.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const COUNT = '/srv/fanops-resume-count';

test('a host that was cut off in mid-command is in doubt, and goes on when that was settled', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-resume-'));
  const playbook = join(folder, 'count.yml');
  const script = `echo x >>${COUNT}; sync; sleep 600`;
  const tasks = [
    { name: 'Count', command: { argv: ['sh', '-c', script] } },
    { name: 'After', command: { argv: ['sh', '-c', `echo y >>${COUNT}`] } },
  ];
  writeFileSync(playbook, JSON.stringify([{ name: 'count', hosts: 'db1', tasks }]));
  process.env.FANOPS_RUNS = join(folder, 'runs');
  try {
    fanopsEnds(0, 'lab', 'up');
    textOn('db1', `rm -f ${COUNT}`);
    fanopsEnds(0, 'unlock', 'db1', '-i', INVENTORY, '--yes');
    const argv = ['apply', playbook, '-i', INVENTORY, '--yes'];
    const controller = spawn('bin/fanops', argv, { cwd: ROOT, stdio: 'ignore' });
    const gone = once(controller, 'close');
    while (textOn('db1', `cat ${COUNT} 2>/dev/null || true`) !== 'x') {
      assert.equal(controller.exitCode, null, 'the run has ended');
      await sleep(100);
    }
    fanopsEnds(0, 'lab', 'kill', 'db1');
    controller.kill('SIGKILL');
    await gone;
    fanopsEnds(0, 'lab', 'start', 'db1');
    assert.match(fanopsEnds(9, ...argv).all, /nothing was done: db1 is held by/);
    const asked = fanopsEnds(7, 'resume', 'last');
    assert.match(asked.all, /in doubt: \[db1\] 1\. Count/);
    assert.equal(textOn('db1', `cat ${COUNT}`), 'x');
    fanopsEnds(0, 'resume', 'last', '--treat-as', 'done');
    assert.equal(textOn('db1', `cat ${COUNT}`), 'x\ny');
    clusterSettles();
  } finally {
    tryOn('db1', `rm -f ${COUNT}`);
    rmSync(folder, { recursive: true });
  }
});

test.run();
