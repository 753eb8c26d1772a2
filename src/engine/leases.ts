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
  /** Being taken: asking twice would make the first token an old one. */
  readonly #taking = new Map<string, Promise<Held | undefined>>();
  /** Held by the run before it was taken up: the hosts still know it, this controller has no tokens for them yet. */
  readonly #heldBefore: Set<string>;
  /** Where something is in doubt: nobody else may change these before it is settled. */
  readonly #doubtful = new Set<string>();

  constructor(
    contacts: Contacts,
    journal: Journal,
    clock: Clock,
    options: LeaseOptions,
    heldBefore: readonly string[],
  ) {
    this.#contacts = contacts;
    this.#heldBefore = new Set(heldBefore);
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
  take(host: string): Promise<Held | undefined> {
    const taking = this.#taking.get(host) ?? this.#take(host).finally(() => this.#taking.delete(host));
    this.#taking.set(host, taking);
    return taking;
  }

  async #take(host: string): Promise<Held | undefined> {
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

  /** Does not give it back when the run ends. */
  keep(host: string): void {
    this.#doubtful.add(host);
  }

  /** Gives them back, also those that were held before; a host that cannot be reached keeps it. */
  async release(): Promise<void> {
    await this.#contacts.reach(this.#heldBefore);
    await this.#give(
      [...this.#heldBefore, ...this.#tokens.keys()].filter((host) => !this.#doubtful.has(host)),
    );
  }

  /** Gives back only what was not held before the run was taken up. */
  async releaseNew(): Promise<void> {
    await this.#give([...this.#tokens.keys()].filter((host) => !this.#heldBefore.has(host)));
  }

  /** The first host goes first: of two runs that begin together one gets all. */
  async #tryAll(hosts: readonly string[]): Promise<Held | undefined> {
    const [first, ...others] = hosts.filter((host) => !this.#tokens.has(host));
    if (first === undefined) return undefined;
    const giveBack = () => this.#give([first, ...others].filter((host) => !this.#heldBefore.has(host)));
    try {
      const held = (await this.take(first)) ?? (await this.#takeTogether(others));
      if (held) await giveBack();
      return held;
    } catch (error) {
      await giveBack();
      throw error;
    }
  }

  async #takeTogether(hosts: readonly string[]): Promise<Held | undefined> {
    const taken = await Promise.allSettled(hosts.map((host) => this.take(host)));
    const failed = taken.find((one) => one.status === 'rejected');
    if (failed) throw failed.reason;
    return taken.map((one) => (one.status === 'fulfilled' ? one.value : undefined)).find((held) => held);
  }

  async #give(hosts: Iterable<string>): Promise<void> {
    await Promise.all([...new Set(hosts)].map((host) => this.#giveOne(host)));
  }

  async #giveOne(host: string): Promise<void> {
    const isBefore = this.#heldBefore.delete(host);
    if (!this.#tokens.delete(host) && !isBefore) return;
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
