import type { Duplex } from 'node:stream';
import type { SshPlace } from '../core/host.ts';
import type { Settings } from './settings.ts';
import { connectSsh, NoConnection, type OpenStream, type SshClient } from './ssh-client.ts';

/** A jump host's connection, and how many streams go through it. */
interface Jump {
  readonly connecting: Promise<SshClient>;
  users: number;
}

/** Connections to jump hosts: one for each chain, shared by all that go through it, closed with the last of them. */
export class JumpHosts {
  readonly #settings: Settings;
  readonly #open = new Map<string, Jump>();

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** Opens streams through these, in their order; undefined where there are none. */
  through(chain: readonly SshPlace[]): OpenStream | undefined {
    return chain.length === 0 ? undefined : (place) => this.#stream(chain, place);
  }

  async #stream(chain: readonly SshPlace[], place: SshPlace): Promise<Duplex> {
    const key = JSON.stringify(chain);
    const jump = this.#jump(key, chain);
    jump.users += 1;
    try {
      const { client } = await jump.connecting;
      const stream = await forward(client, place);
      stream.once('close', () => void this.#leave(key, jump));
      return stream;
    } catch (error) {
      void this.#leave(key, jump);
      throw named(error, chain.at(-1) as SshPlace);
    }
  }

  #jump(key: string, chain: readonly SshPlace[]): Jump {
    const known = this.#open.get(key);
    if (known !== undefined) return known;
    const last = chain.at(-1) as SshPlace;
    const connecting = connectSsh(last, this.#settings, this.through(chain.slice(0, -1)));
    const jump: Jump = { connecting, users: 0 };
    this.#open.set(key, jump);
    // Whoever comes when it is gone connects anew.
    const forget = () => {
      if (this.#open.get(key) === jump) this.#open.delete(key);
    };
    connecting.then(({ client }) => client.once('close', forget), forget);
    return jump;
  }

  async #leave(key: string, jump: Jump): Promise<void> {
    jump.users -= 1;
    if (jump.users > 0) return;
    if (this.#open.get(key) === jump) this.#open.delete(key);
    const client = await jump.connecting.catch(() => undefined);
    await client?.close();
  }
}

function forward(client: SshClient['client'], { address, port }: SshPlace): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    client.forwardOut('127.0.0.1', 0, address, port, (error, stream) => {
      if (error)
        reject(
          new NoConnection(`it cannot reach ${address} port ${port}: ${error.message}`, { cause: error }),
        );
      else resolve(stream);
    });
  });
}

/** What went wrong at a jump host, or on the way to it, is told with its name. */
function named(error: unknown, jump: SshPlace): NoConnection {
  const message = error instanceof Error ? error.message : String(error);
  if (/^jump host /.test(message)) return error as NoConnection;
  const cause = error instanceof NoConnection ? error.cause : error;
  return new NoConnection(`jump host ${jump.address} port ${jump.port}: ${message}`, { cause });
}
