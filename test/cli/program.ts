import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { localHost } from './folder.ts';

/** The whole program in a folder that is project and home; no terminal. */
const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

/** A folder with a runbook for db1, which is this machine; `base` is the folder, and what `state` in it says is found out. */
export function runbookFolder(file: string, runbook: string): string {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-runbook-'));
  writeFileSync(join(folder, 'fanops.yml'), 'inventory: hosts.yml\n');
  writeFileSync(
    join(folder, 'hosts.yml'),
    `all: {hosts: {db1: ${localHost(folder)}}, vars: {base: "${folder}"}}\n`,
  );
  writeFileSync(join(folder, file), runbook);
  writeFileSync(join(folder, 'state'), 'before\n');
  return folder;
}

export function fanopsIn(folder: string, ...argv: string[]) {
  const { status, stdout, stderr } = spawnSync(BIN, argv, {
    cwd: folder,
    env: environment(folder),
    input: '',
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Kills the controller as soon as something holds; what it had begun goes on. */
export async function killedWhen(folder: string, holds: () => boolean, ...argv: string[]): Promise<void> {
  const child = spawn(BIN, argv, {
    cwd: folder,
    env: environment(folder),
    stdio: 'ignore',
    detached: true,
  });
  const closed = once(child, 'close');
  while (child.exitCode === null && !holds()) await sleep(20);
  process.kill(-(child.pid as number), 'SIGKILL');
  await closed;
}

export function lines(folder: string, path: string): number {
  return readFileSync(join(folder, path), 'utf8').split('\n').length - 1;
}

function environment(folder: string): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH, HOME: folder };
}
