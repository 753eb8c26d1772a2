import { connect } from 'node:net';
import type { SshPlace } from '../core/host.ts';
import { type Settings, type TransportSettings, withDefaults } from './settings.ts';
import type { SshClient } from './ssh-client.ts';
import { whyUnreachable } from './why-unreachable.ts';

const PATIENCE_MS = 2_000;

/** A port, by the address that the machine has where one knocks from. */
export interface Door {
  readonly address: string;
  readonly port: number;
}

/** `silent`: nobody took the connection; `unknown`: there is no way to ask. */
export type Knocked =
  | { readonly state: 'open' }
  | { readonly state: 'silent' }
  | { readonly state: 'unknown'; readonly why: string };

/** Whether ports take connections; from here, or from the last of these jump hosts. Never throws. */
export type Knock = (doors: readonly Door[], jumps: readonly SshPlace[]) => Promise<readonly Knocked[]>;

/** Gives a `Knock`, which reaches jump hosts as everything else does. */
export function knocker(settings: TransportSettings = {}): Knock {
  const complete = withDefaults(settings);
  return (doors, jumps) =>
    jumps.length === 0 ? Promise.all(doors.map(fromHere)) : behind(doors, jumps, complete);
}

/** What a machine that is off looks like, or one that runs no such program. */
const SILENT = ['ECONNREFUSED', 'EHOSTUNREACH', 'EHOSTDOWN', 'ETIMEDOUT', 'ECONNRESET'];

function fromHere({ address, port }: Door): Promise<Knocked> {
  const { promise, resolve } = Promise.withResolvers<Knocked>();
  const socket = connect({ host: address, port, timeout: PATIENCE_MS });
  const end = (knocked: Knocked): void => {
    socket.destroy();
    resolve(knocked);
  };
  socket.once('connect', () => end({ state: 'open' }));
  socket.once('timeout', () => end({ state: 'silent' }));
  socket.once('error', (error: NodeJS.ErrnoException) =>
    end(
      SILENT.includes(error.code ?? '')
        ? { state: 'silent' }
        : { state: 'unknown', why: whyUnreachable({ address, port, user: '' }, error, PATIENCE_MS) },
    ),
  );
  return promise;
}

async function behind(
  doors: readonly Door[],
  jumps: readonly SshPlace[],
  settings: Settings,
): Promise<readonly Knocked[]> {
  const last = jumps.at(-1) as SshPlace;
  let jump: SshClient | undefined;
  try {
    // ssh2 takes time to load: only when it is needed.
    const { connectSsh } = await import('./ssh-client.ts');
    const { JumpHosts } = await import('./jump-hosts.ts');
    jump = await connectSsh(last, settings, new JumpHosts(settings).through(jumps.slice(0, -1)));
    const { client } = jump;
    return await Promise.all(doors.map((door) => fromJump(client, door, last)));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const why = /^jump host /.test(message) ? message : `${named(last)}: ${message}`;
    return doors.map(() => ({ state: 'unknown', why }));
  } finally {
    await jump?.close();
  }
}

function fromJump(client: SshClient['client'], { address, port }: Door, jump: SshPlace): Promise<Knocked> {
  const { promise, resolve } = Promise.withResolvers<Knocked>();
  const timer = setTimeout(() => resolve({ state: 'silent' }), PATIENCE_MS);
  client.forwardOut('127.0.0.1', 0, address, port, (error, stream) => {
    clearTimeout(timer);
    stream?.destroy();
    if (!error) resolve({ state: 'open' });
    // What its system says of the connection; anything else is about the jump host, or the name.
    else if (/: (Connection refused|Connection timed out|No route to host)$/.test(error.message))
      resolve({ state: 'silent' });
    else
      resolve({
        state: 'unknown',
        why: `${named(jump)}: it cannot reach ${address} port ${port}: ${error.message}`,
      });
  });
  return promise;
}

function named({ address, port }: SshPlace): string {
  return `jump host ${address} port ${port}`;
}
