import { mkdirSync } from 'node:fs';
import { run } from './backup-host.ts';

/** While `work` is done, the directory is a disk of its own, of this size, empty, postgres' own. */
export async function onSmallDisk(directory: string, size: string, work: () => Promise<void>): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const options = `size=${size},mode=0700,uid=postgres,gid=postgres`;
  run('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', directory]);
  try {
    await work();
  } finally {
    run('umount', [directory]);
  }
}
