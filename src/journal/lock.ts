import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { realpathSync } from 'node:fs';
import { createServer } from 'node:net';

/**
 * Lets one process of this machine hold a folder; undefined when another does. The lock is a name in the kernel
 * (an abstract socket): it is free as soon as its holder has ended, however it ended. Nobody can connect to say
 * anything. What another machine does with the same run is fenced off by the hosts.
 */
export async function lockFolder(folder: string): Promise<(() => void) | undefined> {
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex').slice(0, 32);
  const holder = createServer((socket) => socket.destroy());
  holder.unref();
  holder.listen(`\0fanops-run-${name}`);
  try {
    await once(holder, 'listening');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') return undefined;
    throw error;
  }
  return () => void holder.close();
}
