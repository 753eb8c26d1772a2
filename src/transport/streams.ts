import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { StreamEnd, StreamOptions } from '../core/session.ts';
import type { Contact } from './contact.ts';
import { type Channel, Lost } from './link.ts';

/** Streams a file of the host into `sink`, on a channel of its own. Throws `Lost`. */
export async function download(
  contact: Contact,
  path: string,
  sink: Writable,
  { as, signal }: StreamOptions,
): Promise<StreamEnd> {
  const use = async (channel: Channel): Promise<StreamEnd> => {
    channel.stdin.end();
    return ended(channel, () => pipeline(channel.stdout, sink, { ...(signal && { signal }) }));
  };
  return contact.channel('exec cat <"$1"', [path], use, as);
}

/** Streams `source` into a script of the host, on a channel of its own. Throws `Lost`, or what broke the source. */
export async function feed(
  contact: Contact,
  script: string,
  source: Readable,
  { as, signal }: StreamOptions,
): Promise<StreamEnd> {
  const use = (channel: Channel): Promise<StreamEnd> =>
    ended(channel, async () => {
      let broken: unknown;
      source.once('error', (error) => {
        broken = error;
        channel.destroy();
      });
      channel.stdout.resume();
      // A script that ends early says why on stderr and by its status; that its stdin is closed says less.
      channel.stdin.on('error', () => undefined);
      const stop = () => source.destroy(signal?.reason);
      signal?.addEventListener('abort', stop, { once: true });
      source.pipe(channel.stdin);
      await channel.closed;
      signal?.removeEventListener('abort', stop);
      if (broken !== undefined) throw broken;
      source.destroy();
    });
  return contact.channel(script, [], use, as);
}

async function ended(channel: Channel, stream: () => Promise<void>): Promise<StreamEnd> {
  const complaints: Buffer[] = [];
  channel.stderr.on('data', (chunk: Buffer) => complaints.push(chunk));
  await stream();
  const exit = await channel.closed;
  if (exit.status === null) throw new Lost(exit.lost ?? 'the stream was cut off');
  return { status: exit.status, stderr: Buffer.concat(complaints).toString() };
}
