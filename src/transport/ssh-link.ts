import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import type { ClientChannel } from 'ssh2';
import ssh2 from 'ssh2';
import type { Host } from '../core/host.ts';
import { Unreachable } from '../core/session.ts';
import { hostKeyCheck } from './host-key.ts';
import { HostKeyRefused } from './host-key-refused.ts';
import { type Channel, type Exit, type Link, Lost } from './link.ts';
import type { Settings } from './settings.ts';
import { offerKeys } from './ssh-keys.ts';
import { whyUnreachable } from './why-unreachable.ts';

/** Measured through a proxy that delays: TCP, version, key exchange, service and public key; then open and exec. */
const WAITS = { connect: 6, open: 2 };

/** Connects, checks the host's key and authenticates. Throws `Unreachable` with the cause in words. */
export async function sshLink(host: Host, settings: Settings): Promise<Link> {
  const began = performance.now();
  const socket = await openSocket(host, settings.connectTimeoutMs);
  const left = settings.connectTimeoutMs - (performance.now() - began);
  const client = await authenticate(socket, host, settings, Math.max(1, left));
  let loss = 'the connection was closed';
  client.on('error', (error) => {
    loss = error.message;
  });
  return {
    waits: WAITS,
    bytes: () => ({ sent: socket.bytesWritten, received: socket.bytesRead }),
    open: (commandLine) =>
      new Promise((resolve, reject) => {
        client.exec(commandLine, (error, stream) => {
          if (error) reject(new Lost(`no channel could be opened: ${error.message}`, { cause: error }));
          else resolve(channelOf(stream, () => loss));
        });
      }),
    async close() {
      if (socket.destroyed) return;
      const closed = once(socket, 'close');
      client.end();
      const timer = setTimeout(() => socket.destroy(), 300);
      await closed;
      clearTimeout(timer);
    },
  };
}

async function openSocket(host: Host, timeoutMs: number): Promise<Socket> {
  const socket = connectTcp({ host: host.address, port: host.port, noDelay: true });
  const timer = setTimeout(() => {
    socket.destroy(Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' }));
  }, timeoutMs);
  try {
    await once(socket, 'connect');
    return socket;
  } catch (cause) {
    throw new Unreachable(host.name, whyUnreachable(host, cause, timeoutMs), { cause });
  } finally {
    clearTimeout(timer);
  }
}

async function authenticate(
  socket: Socket,
  host: Host,
  settings: Settings,
  timeoutMs: number,
): Promise<ssh2.Client> {
  const keys = offerKeys(host, settings);
  const check = hostKeyCheck(host, settings);
  const client = new ssh2.Client();
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  let refusal: unknown;
  client.on('ready', resolve);
  client.on('close', () => reject(new Error('the host closed the connection')));
  // An agent that does not work is not the end: key files follow.
  client.on('error', (error) => (error.level === 'agent' ? undefined : reject(error)));
  client.connect({
    sock: socket,
    username: host.user,
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
    socket.destroy();
    const cause = refusal ?? error;
    const reason =
      cause instanceof HostKeyRefused
        ? cause.message
        : whyUnreachable(host, cause, timeoutMs, keys.describe());
    throw new Unreachable(host.name, reason, { cause });
  }
}

function channelOf(stream: ClientChannel, whyLost: () => string): Channel {
  let exit: Exit = { status: null, signal: null };
  stream.on('exit', (status: number | null, signal?: string) => {
    exit = { status, signal: signal ?? null };
  });
  return {
    stdin: stream.stdin,
    stdout: stream.stdout,
    stderr: stream.stderr,
    closed: new Promise((resolve) => {
      stream.once('close', () =>
        resolve(exit.status === null && exit.signal === null ? { ...exit, lost: whyLost() } : exit),
      );
    }),
    destroy: () => void stream.close(),
  };
}
