import type { Journal } from '../core/journal.ts';
import type { Lease } from '../core/lease.ts';
import type { Contacts } from './contacts.ts';
import type { Clock } from './run.ts';

export interface LeaseOptions {
  /** `alice@workstation` */
  readonly who: string;
  /** Why: the command, in a few words. */
  readonly message: string;
  /** How long to wait for another run that holds one. */
  readonly waitMs: number;
}

/** Somebody else holds the lease of a host. */
export interface Held {
  readonly host: string;
  readonly lease: Lease;
}

/** How often to ask again for a lease that another run holds. */
const EVERY_MS = 2_000;

/** The leases of one run: which hosts it may change, with the tokens that they want to see. */
export class Leases {
  readonly #contacts: Contacts;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #options: LeaseOptions;
  readonly #tokens = new Map<string, number>();

  constructor(contacts: Contacts, journal: Journal, clock: Clock, options: LeaseOptions) {
    this.#contacts = contacts;
    this.#journal = journal;
    this.#clock = clock;
    this.#options = options;
  }

  token(host: string): number | undefined {
    return this.#tokens.get(host);
  }

  /** All or none; waits for others as long as it may. `onWait` hears of it once. */
  async takeAll(
    hosts: readonly string[],
    onWait: (held: Held) => void,
    signal?: AbortSignal,
  ): Promise<Held | undefined> {
    const deadline = this.#clock.now() + this.#options.waitMs;
    let isTold = false;
    for (;;) {
      const held = await this.#tryAll(hosts);
      if (!held || signal?.aborted || this.#clock.now() + EVERY_MS > deadline) return held;
      if (!isTold) onWait(held);
      isTold = true;
      await this.#clock.sleep(EVERY_MS, signal);
    }
  }

  /** For a host that turns out to be changed on the way; undefined when it is held now, or lost. */
  async take(host: string): Promise<Held | undefined> {
    const session = this.#contacts.session(host);
    if (this.#tokens.has(host) || !session) return undefined;
    const { who: holder, message } = this.#options;
    const since = new Date(this.#clock.now()).toISOString();
    const answer = await session.takeLease({ run: this.#journal.run, holder, since, message });
    if ('heldBy' in answer) return { host, lease: answer.heldBy };
    this.#tokens.set(host, answer.token);
    void this.#journal.record({ type: 'lease-taken', host, token: answer.token });
    return undefined;
  }

  /** Gives them back; a host that cannot be reached keeps it. */
  async release(except: ReadonlySet<string> = new Set()): Promise<void> {
    const hosts = [...this.#tokens.keys()].filter((host) => !except.has(host));
    await Promise.all(hosts.map((host) => this.#releaseOne(host)));
  }

  /** The first host goes first: of two runs that begin together one gets all. */
  async #tryAll([first, ...others]: readonly string[]): Promise<Held | undefined> {
    if (first === undefined) return undefined;
    try {
      const held = (await this.take(first)) ?? (await this.#takeTogether(others));
      if (held) await this.release();
      return held;
    } catch (error) {
      await this.release();
      throw error;
    }
  }

  async #takeTogether(hosts: readonly string[]): Promise<Held | undefined> {
    const taken = await Promise.allSettled(hosts.map((host) => this.take(host)));
    const failed = taken.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    return taken.map((one) => (one.status === 'fulfilled' ? one.value : undefined)).find((held) => held);
  }

  async #releaseOne(host: string): Promise<void> {
    if (!this.#tokens.delete(host)) return;
    const isGiven = await this.#contacts.attempt(host, async (session) => {
      await session?.dropLease(this.#journal.run);
      return session !== undefined;
    });
    if (isGiven) void this.#journal.record({ type: 'lease-released', host });
  }
}

/** `held by alice@ws since 03:12 …` */
export function heldText({ lease: { holder, since, message, run } }: Held): string {
  return `held by ${holder} since ${since.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}, ${message}, run ${run}`;
}

/** What to type when somebody holds it. */
export function afterHeld({ host, lease }: Held): string {
  return `wait for it (--lock-wait 5m), go on with it (fanops resume ${lease.run}), or, when it is dead for good: fanops unlock ${host} --run ${lease.run}`;
}
