import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type CgroupLayout, groupDirs } from './cgroup-layout.ts';

/**
 * Starts a program that outlives this one, in a cgroup of its own by which it is found and stopped.
 * `supervise.sh` restarts it when it ends as a rebooting host does.
 */
export function startDetached(
  layout: CgroupLayout,
  name: string,
  command: readonly string[],
  files: { readonly pid: string; readonly log: string },
): void {
  const supervised = [
    'sh',
    join(import.meta.dirname, 'supervise.sh'),
    files.pid,
    groupDirs(layout, name).join(' '),
    ...command,
  ];
  // Under systemd only systemd makes groups; a delegated scope is ours to divide.
  const scope = [
    'systemd-run',
    '--scope',
    '--quiet',
    '--collect',
    `--unit=${name}`,
    '--property=Delegate=yes',
  ];
  const [file = '', ...args] = layout.kind === 'systemd' ? [...scope, '--', ...supervised] : supervised;
  const log = openSync(files.log, 'a');
  const child = spawn(file, args, {
    detached: true,
    stdio: ['ignore', log, log],
    cwd: '/',
    env: {
      PATH: process.env.PATH ?? '/usr/sbin:/usr/bin:/sbin:/bin',
      SYSTEMD_NSPAWN_UNIFIED_HIERARCHY: '1',
    },
  });
  closeSync(log);
  child.unref();
}
