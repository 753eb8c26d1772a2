import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** What systemd, its login service and a session take on one host, and some more. */
export const PER_HOST = 12;

export interface Instances {
  readonly limit: number;
  readonly inUse: number;
}

/** The kernel's inotify instances of root, who is the same in the lab's hosts as outside. */
export function rootsInstances(proc = '/proc'): Instances {
  const limit = Number(readFileSync(join(proc, 'sys/fs/inotify/max_user_instances'), 'utf8'));
  const inUse = readdirSync(proc)
    .filter((name) => /^\d+$/.test(name))
    .reduce((sum, pid) => sum + instancesOf(join(proc, pid)), 0);
  return { limit, inUse };
}

/** None where the process has ended meanwhile, is somebody else's, or may not be looked at. */
function instancesOf(process: string): number {
  try {
    if (!/^Uid:\s+0\s/m.test(readFileSync(join(process, 'status'), 'utf8'))) return 0;
    const files = join(process, 'fd');
    return readdirSync(files).filter((fd) => isInstance(join(files, fd))).length;
  } catch {
    return 0;
  }
}

function isInstance(file: string): boolean {
  try {
    return readlinkSync(file) === 'anon_inode:inotify';
  } catch {
    return false;
  }
}
