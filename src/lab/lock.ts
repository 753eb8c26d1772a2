import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { LabFailure } from './failure.ts';

/**
 * Does `work` while holding the lock on `file`; waits for another holder up to `seconds`. The kernel
 * frees the lock when this process ends, however it ends: there are no stale locks.
 */
export async function withLock<T>(
  file: string,
  seconds: number,
  work: () => Promise<T>,
  waiting: () => void = () => {},
): Promise<T> {
  mkdirSync(dirname(file), { recursive: true });
  const holder = spawn('flock', ['-w', String(seconds), file, 'sh', '-c', 'echo locked; exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Not in our process group: a ^C must not free the lock before we have ended.
    detached: true,
  });
  const patience = setTimeout(waiting, 500);
  const locked = await new Promise<boolean>((resolve, reject) => {
    holder.stdout.once('data', () => resolve(true));
    holder.once('close', () => resolve(false));
    holder.once('error', reject);
  });
  clearTimeout(patience);
  if (!locked)
    throw new LabFailure(
      `another "fanops lab" command has held ${file} for ${seconds} s; wait for it to end`,
    );
  const freed = new Promise((resolve) => holder.once('close', resolve));
  try {
    return await work();
  } finally {
    holder.stdin.end();
    await freed;
  }
}
