// What a run without changes costs: round trips on a real connection, whatever the number of resources.
import * as assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function fanops(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync('bin/fanops', args, { cwd: ROOT, encoding: 'utf8' });
  assert.equal(status, 0, `fanops ${args.join(' ')}\n${stdout}${stderr}`);
  return `${stdout}\n${stderr}`;
}

/** Sixty resources of the usual kinds. */
function sixty(): string {
  const number = (_: unknown, index: number): number => index;
  const tasks = [
    { directory: { path: '/srv/waits', mode: '0755' } },
    ...Array.from({ length: 14 }, number).map((n) => ({
      directory: { path: `/srv/waits/d${n}`, mode: '0750' },
    })),
    ...Array.from({ length: 25 }, number).map((n) => ({
      file: { path: `/srv/waits/f${n}`, content: `file ${n}\n`.repeat(n + 1), mode: '0640', owner: 'root' },
    })),
    ...Array.from({ length: 8 }, number).map((n) => ({
      link: { path: `/srv/waits/l${n}`, target: `f${n}` },
    })),
    ...['openssh-server', 'cron', 'sudo', 'procps'].map((name) => ({ package: { name } })),
    ...['ssh', 'cron'].map((name) => ({ service: { name, state: 'started', enabled: true } })),
    ...Array.from({ length: 3 }, number).map((n) => ({ group: { name: `waits${n}` } })),
    ...Array.from({ length: 3 }, number).map((n) => ({
      user: { name: `waits${n}`, group: `waits${n}`, system: true },
    })),
  ];
  assert.equal(tasks.length, 60);
  return JSON.stringify([{ hosts: 'db1', tasks }]);
}

test('sixty resources without a change cost at most twelve waits, the connection included', () => {
  const dir = mkdtempSync(join(tmpdir(), 'fanops-waits-'));
  try {
    const playbook = join(dir, 'sixty.yml');
    writeFileSync(playbook, sixty());
    fanops('lab', 'up');
    fanops('apply', playbook, '-i', process.env.FANOPS_TEST_INVENTORY ?? 'inventory/lab.yml', '--yes');
    const again = fanops(
      'apply',
      playbook,
      '-i',
      process.env.FANOPS_TEST_INVENTORY ?? 'inventory/lab.yml',
      '--yes',
      '--stats',
    );
    assert.match(again, /db1 .*changed=0 +unreachable=0 +failed=0/);
    const waits = Number(/^db1 +(\d+) /m.exec(again)?.[1]);
    console.log(`  ${waits} waits`);
    assert.ok(waits > 0 && waits <= 12, `${waits} waits`);
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test.run();
