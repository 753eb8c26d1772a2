import type { ClientChannel } from 'ssh2';
import type { Host } from '../core/host.ts';
import { Unreachable } from '../core/session.ts';
import type { JumpHosts } from './jump-hosts.ts';
import { type Channel, type Exit, type Link, Lost } from './link.ts';
import type { Settings } from './settings.ts';
import { connectSsh, NoConnection } from './ssh-client.ts';

/**
 * Measured through a proxy that delays: TCP (or a channel of the jump host), version, key exchange, service and public
 * key; then open and exec.
 */
const WAITS = { connect: 6, open: 2 };

/** Connects, checks the host's key and authenticates. Throws `Unreachable` with the cause in words. */
export async function sshLink(host: Host, settings: Settings, jumpHosts: JumpHosts): Promise<Link> {
  const { client, ...connection } = await connectSsh(
    host,
    settings,
    jumpHosts.through(host.jumps ?? []),
  ).catch((error: unknown) => {
    if (!(error instanceof NoConnection)) throw error;
    throw new Unreachable(host.name, error.message, { cause: error.cause });
  });
  return {
    waits: WAITS,
    bytes: connection.bytes,
    open: (commandLine) =>
      new Promise((resolve, reject) => {
        client.exec(commandLine, (error, stream) => {
          if (error) reject(new Lost(`no channel could be opened: ${error.message}`, { cause: error }));
          else resolve(channelOf(stream, connection.loss));
        });
      }),
    close: connection.close,
  };
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
