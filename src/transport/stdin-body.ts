import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Source } from '../core/command.ts';
import { Secret } from '../core/secret.ts';
import type { Contact } from './contact.ts';
import { Lost } from './link.ts';

/** The batch cannot begin because something to be sent is not what it was said to be, or did not arrive. */
export class BadBody extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BadBody';
  }
}

/** How the stdin of one command gets to the host: inside the session, or on a channel of its own. */
export type Body =
  | { readonly kind: 'none' | 'text' | 'base64'; readonly text: string }
  | {
      readonly kind: 'uploaded';
      readonly open: () => Promise<Readable>;
      readonly before?: Buffer;
      readonly sha256?: string;
      readonly name: string;
    };

/** Chooses for every command; together, what goes inside the session stays below `room` bytes. */
export function bodiesOf(sources: readonly (Source | undefined)[], room = 1 << 20): Body[] {
  let left = room;
  return sources.map((source) => {
    if (source === undefined) return { kind: 'none', text: '' };
    if (source.kind === 'file')
      return {
        kind: 'uploaded',
        open: () => openFile(source.path),
        sha256: source.sha256,
        name: source.path,
        ...(source.before && { before: Buffer.from(source.before.expose()) }),
      };
    const bytes = bytesOf(source);
    if (bytes.length > left)
      return { kind: 'uploaded', open: async () => Readable.from([bytes]), name: 'stdin' };
    left -= bytes.length;
    return insideSession(bytes);
  });
}

/** Streams one body to the host, where its digest is taken. Throws `BadBody` or `Lost`. */
export async function upload(
  contact: Contact,
  body: Body & { kind: 'uploaded' },
  target: string,
): Promise<void> {
  const folder = target.slice(0, target.lastIndexOf('/'));
  const script = 'umask 077; mkdir -p "$1" && cat >"$2" && exec sha256sum <"$2"';
  const source = await body.open();
  const { read, sent, arrived } = await contact.channel(script, [folder, target], async (channel) => {
    const hash = createHash('sha256');
    const all = createHash('sha256');
    if (body.before !== undefined) {
      all.update(body.before);
      channel.stdin.write(body.before);
    }
    const output: Buffer[] = [];
    for (const stream of [channel.stdout, channel.stderr]) stream.on('data', (c: Buffer) => output.push(c));
    source.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      all.update(chunk);
    });
    let unreadable: Error | undefined;
    source.once('error', (error) => {
      unreadable = error;
    });
    await pipeline(source, channel.stdin).catch(() => undefined);
    if (unreadable !== undefined)
      throw new BadBody(`${body.name} cannot be read: ${unreadable.message}`, { cause: unreadable });
    const exit = await channel.closed;
    if (exit.status === null && exit.signal === null)
      throw new Lost('the connection was lost during an upload');
    const digests = { read: hash.digest('hex'), sent: all.digest('hex') };
    return { ...digests, arrived: Buffer.concat(output).toString().trim() };
  });
  if (body.sha256 !== undefined && read !== body.sha256)
    throw new BadBody(`${body.name} has changed: expected sha256 ${body.sha256}, found ${read}`);
  if (!arrived.startsWith(sent))
    throw new BadBody(`${body.name} did not arrive whole: the host says "${arrived}"`);
}

async function openFile(path: string): Promise<Readable> {
  try {
    return (await open(path)).createReadStream();
  } catch (cause) {
    throw new BadBody(`${path} cannot be read: ${cause instanceof Error ? cause.message : cause}`, { cause });
  }
}

function bytesOf(source: Exclude<Source, { kind: 'file' }>): Buffer {
  const before = Buffer.from(source.before?.expose() ?? '');
  if (source.kind === 'base64') return Buffer.concat([before, Buffer.from(source.base64, 'base64')]);
  const text = source.text instanceof Secret ? source.text.expose() : source.text;
  return Buffer.concat([before, Buffer.from(text)]);
}

/** As it is where a shell can carry it, else in base64. */
function insideSession(bytes: Buffer): Body {
  const text = bytes.toString();
  const plain = !text.includes('\0') && Buffer.from(text).equals(bytes);
  return plain ? { kind: 'text', text } : { kind: 'base64', text: bytes.toString('base64') };
}
