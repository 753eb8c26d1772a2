import type { RunEvent } from '../core/event.ts';
import type { Hello, Host } from '../core/host.ts';
import type { Connect, Session } from '../core/session.ts';
import { isUnreachable } from './looking.ts';

/** The hosts that were asked for: a session each, or the reason why there is none. */
export class Contacts {
  readonly #hosts: ReadonlyMap<string, Host>;
  readonly #connect: Connect;
  readonly #forks: number;
  readonly #emit: (event: RunEvent) => void;
  readonly #sessions = new Map<string, Session>();
  readonly #lost = new Map<string, string>();
  /** Being connected to: a second connection would be nobody's. */
  readonly #reaching = new Map<string, Promise<void>>();

  constructor(hosts: readonly Host[], connect: Connect, forks: number, emit: (event: RunEvent) => void) {
    this.#hosts = new Map(hosts.map((host) => [host.name, host]));
    this.#connect = connect;
    this.#forks = forks;
    this.#emit = emit;
  }

  session(host: string): Session | undefined {
    return this.#lost.has(host) ? undefined : this.#sessions.get(host);
  }

  hello(host: string): Hello | undefined {
    return this.session(host)?.hello;
  }

  sessions(): readonly Session[] {
    return [...this.#sessions.values()];
  }

  /** Why a host has no session. */
  whyLost(host: string): string | undefined {
    return this.#lost.get(host);
  }

  /** Connects to those that were not tried yet, `forks` at a time. */
  async reach(hosts: Iterable<string>): Promise<void> {
    const open = [...new Set(hosts)].filter((h) => !this.#sessions.has(h) && !this.#lost.has(h));
    const worker = async (): Promise<void> => {
      for (let next = open.shift(); next !== undefined; next = open.shift()) await this.#reachOne(next);
    };
    await Promise.all(Array.from({ length: Math.min(this.#forks, open.length) }, worker));
  }

  /** Does something with a host's session; a loss of contact is kept, and told as undefined. */
  async attempt<T>(host: string, act: (session: Session | undefined) => Promise<T>): Promise<T | undefined> {
    try {
      return await act(this.session(host));
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      this.lose(host, error.message);
      return undefined;
    }
  }

  lose(host: string, reason: string): void {
    this.#lost.set(host, reason);
    this.#emit({ type: 'unreachable', host, reason });
  }

  /** Forgets who was lost, so that they are tried again. */
  async regain(): Promise<void> {
    const gone = [...this.#lost.keys()];
    this.#lost.clear();
    await Promise.allSettled(gone.map((host) => this.#sessions.get(host)?.close()));
    for (const host of gone) this.#sessions.delete(host);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.sessions().map((session) => session.close()));
  }

  #reachOne(name: string): Promise<void> {
    const reaching =
      this.#reaching.get(name) ?? this.#connectTo(name).finally(() => this.#reaching.delete(name));
    this.#reaching.set(name, reaching);
    return reaching;
  }

  async #connectTo(name: string): Promise<void> {
    const host = this.#hosts.get(name);
    if (!host) throw new Error(`no host is called ${name}`);
    this.#emit({ type: 'connecting', host: name });
    try {
      this.#sessions.set(name, await this.#connect(host));
      this.#emit({ type: 'connected', host: name });
    } catch (error) {
      if (!isUnreachable(error)) throw error;
      this.lose(name, error.message);
    }
  }
}
