import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import ssh2 from 'ssh2';
import type { SshPlace } from '../core/host.ts';
import { hostKeyCheck } from './host-key.ts';
import { HostKeyRefused } from './host-key-refused.ts';
import type { Settings } from './settings.ts';
import { offerKeys } from './ssh-keys.ts';
import { whyUnreachable } from './why-unreachable.ts';

/** There is no connection to one place, and why, in words. Never seen outside this folder. */
export class NoConnection extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'NoConnection';
  }
}

/** One ssh connection to a host, or to a jump host on the way. */
export interface SshClient {
  readonly client: ssh2.Client;
  /** Bytes on the wire so far; through a jump host, those of the stream. */
  bytes(): { readonly sent: number; readonly received: number };
  /** Why it went, once it did. */
  loss(): string;
  /** Whether it is gone. */
  isClosed(): boolean;
  close(): Promise<void>;
}

/** Opens a stream to a place: straight, or through another connection. Throws what the network says. */
export type OpenStream = (place: SshPlace, timeoutMs: number) => Promise<Duplex>;

/** Connects, checks the place's key and authenticates. Throws `NoConnection`. */
export async function connectSsh(
  place: SshPlace,
  settings: Settings,
  openStream: OpenStream = openSocket,
): Promise<SshClient> {
  const began = performance.now();
  const stream = await openStream(place, settings.connectTimeoutMs).catch((cause: unknown) => {
    if (cause instanceof NoConnection) throw cause;
    throw new NoConnection(whyUnreachable(place, cause, settings.connectTimeoutMs), { cause });
  });
  const bytes = countBytes(stream);
  const left = settings.connectTimeoutMs - (performance.now() - began);
  const client = await authenticate(stream, place, settings, Math.max(1, left));
  let loss = 'the connection was closed';
  let isClosed = false;
  client.on('error', (error) => {
    loss = error.message;
  });
  client.on('close', () => {
    isClosed = true;
  });
  return {
    client,
    bytes,
    loss: () => loss,
    isClosed: () => isClosed,
    async close() {
      if (stream.destroyed || isClosed) return;
      const closed = new Promise((resolve) => stream.once('close', resolve));
      client.end();
      const timer = setTimeout(() => stream.destroy(), 300);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function openSocket(place: SshPlace, timeoutMs: number): Promise<Socket> {
  const socket = connectTcp({ host: place.address, port: place.port, noDelay: true });
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
  }, timeoutMs);
  try {
    await once(socket, 'connect');
    return socket;
  } finally {
    clearTimeout(timer);
  }
}

async function authenticate(
  stream: Duplex,
  place: SshPlace,
  settings: Settings,
  timeoutMs: number,
): Promise<ssh2.Client> {
  const keys = offerKeys(place, settings);
  const check = hostKeyCheck(place, settings);
  const client = new ssh2.Client();
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  let refusal: unknown;
  client.on('ready', resolve);
  client.on('close', () => reject(new Error('the host closed the connection')));
  // An agent that does not work is not the end: key files follow.
  client.on('error', (error) => (error.level === 'agent' ? undefined : reject(error)));
  client.connect({
    sock: stream,
    username: place.user,
    authHandler: keys.handler,
    hostVerifier: (key: Buffer) => {
      try {
        check.accept(key);
        return true;
      } catch (error) {
        refusal = error;
        return false;
      }
    },
    algorithms: { serverHostKey: check.algorithms },
    keepaliveInterval: settings.keepalive.intervalMs,
    keepaliveCountMax: settings.keepalive.count,
    readyTimeout: timeoutMs,
  });
  try {
    await ready;
    return client;
  } catch (error) {
    stream.destroy();
    const cause = refusal ?? error;
    const reason =
      cause instanceof HostKeyRefused
        ? cause.message
        : whyUnreachable(place, cause, timeoutMs, keys.describe());
    throw new NoConnection(reason, { cause });
  }
}

function countBytes(stream: Duplex): SshClient['bytes'] {
  if ('bytesWritten' in stream) {
    const socket = stream as Socket;
    return () => ({ sent: socket.bytesWritten, received: socket.bytesRead });
  }
  // A channel does not count by itself.
  let sent = 0;
  let received = 0;
  const write = stream.write.bind(stream) as (...args: unknown[]) => boolean;
  stream.write = (...args: unknown[]): boolean => {
    sent += (args[0] as Uint8Array).length;
    return write(...args);
  };
  stream.on('data', (chunk: Buffer) => {
    received += chunk.length;
  });
  return () => ({ sent, received });
}
