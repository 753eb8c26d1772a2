import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { quote } from '../core/shell.ts';
import type { Contact } from './contact.ts';
import { Lost } from './link.ts';

/** Streams a file of the host into `sink`, on a channel of its own. Throws `Lost`. */
export async function download(
  contact: Contact,
  path: string,
  sink: Writable,
): Promise<{ readonly status: number; readonly stderr: string }> {
  const command = `${quote('exec cat <"$1"')} sh ${quote(path)}`;
  return contact.channel(command, async (channel) => {
    channel.stdin.end();
    const complaints: Buffer[] = [];
    channel.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
    await pipeline(channel.stdout, sink);
    const exit = await channel.closed;
    if (exit.status === null) throw new Lost(exit.lost ?? `the transfer of ${path} was cut off`);
    return { status: exit.status, stderr: Buffer.concat(complaints).toString() };
  });
}
