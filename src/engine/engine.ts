import type { RunEvent } from '../core/event.ts';
import type { AnyFactKind } from '../core/fact.ts';
import type { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import type { AnyResource } from '../core/resource.ts';
import type { Connect } from '../core/session.ts';
import type { Inventory, Playbook } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import { applyPlaybook } from './apply.ts';
import { Contacts } from './contacts.ts';
import { FactStore } from './fact-store.ts';
import { factsOf, type Ground } from './ground.ts';
import { KeptNotes } from './kept-notes.ts';
import { look } from './looking.ts';
import { type Part, wholePart } from './part.ts';
import { isSettled, planFrom } from './planner.ts';
import { Recaps } from './recaps.ts';
import { refuseBlocked, refuseStale, refuseUnreachable } from './refusals.ts';
import { type Clock, indexPlan, type KeepFile, type Run } from './run.ts';
import { settledRecap } from './settled.ts';

export interface EngineOptions {
  readonly playbook: Playbook;
  readonly inventory: Inventory;
  readonly resources: readonly AnyResource[];
  readonly factKinds: readonly AnyFactKind[];
  readonly connect: Connect;
  readonly masker: Masker;
  /** How many hosts are connected to at once. */
  readonly forks: number;
  /** `[A-Za-z0-9._-]+`, new for every run. */
  readonly runId: string;
  readonly clock: Clock;
  readonly keepFile: KeepFile;
  emit(event: RunEvent): void;
  /** Aborted by the first ^C: begin nothing new. */
  readonly signal?: AbortSignal;
}

/** Looks at hosts, plans a playbook on them, and carries the plan out. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #contacts: Contacts;
  readonly #ground: Ground;
  readonly #running = new Map<string, string>();
  readonly #whole: Part;
  #ending = new AbortController();
  #batches = 0;

  constructor(options: EngineOptions) {
    const { inventory, connect, forks, emit } = options;
    this.#options = options;
    this.#whole = wholePart(options.playbook);
    options.signal?.addEventListener('abort', () => void this.#halt());
    this.#contacts = new Contacts(inventory.hosts, connect, forks, (event) => emit(event));
    this.#ground = {
      resources: new Map(options.resources.map((resource) => [resource.name, resource])),
      kinds: new Map(options.factKinds.map((kind) => [kind.name, kind])),
      inventory,
      facts: new FactStore(),
      hello: (host) => this.#contacts.hello(host),
    };
  }

  /** Connects, looks as often as something new is wanted, and plans. Changes nothing on any host. */
  async plan({ playbook, registers }: Part = this.#whole): Promise<Plan> {
    const { masker } = this.#options;
    this.#ground.facts.forget();
    await this.#contacts.reach(playbook.plays.flatMap((play) => play.batches.flat()));
    for (;;) {
      const planned = planFrom(this.#ground, playbook, { masker }, registers);
      if (!(await this.#lookAtWanted())) return { ...planned, unreachable: this.#unreachable(playbook) };
    }
  }

  /** Carries out a plan made by `plan` of this engine, after looking again whether it still holds. */
  async apply(planned: Plan, part: Part = this.#whole): Promise<{ readonly outcome: Outcome }> {
    const run = this.#newRun(planned, part);
    const refused = refuseUnreachable(run, planned) ?? refuseBlocked(run, planned);
    if (refused) return { outcome: refused };
    if (isSettled(planned)) return { outcome: settledRecap(run, planned) };
    const stale = refuseStale(run, planned, await this.plan(part));
    if (stale) return { outcome: stale };
    return { outcome: await applyPlaybook(run) };
  }

  /** Carries out what only reads, on the hosts that can be reached; whatever would change something is refused. */
  async look(part: Part): Promise<{ readonly outcome: Outcome }> {
    const { playbook } = part;
    this.#ground.facts.forget();
    await this.#contacts.reach(playbook.plays.flatMap((play) => play.batches.flat()));
    const reached = (host: string): boolean => this.#contacts.session(host) !== undefined;
    const plays = playbook.plays.map((play) => ({
      ...play,
      batches: play.batches.map((batch) => batch.filter(reached)),
    }));
    const nothing: Plan = {
      schema: 'fanops/plan/1',
      playbook: playbook.file,
      plays: [],
      unreachable: [],
      warnings: [],
    };
    const run = this.#newRun(nothing, { ...part, playbook: { ...playbook, plays } });
    return { outcome: await applyPlaybook({ ...run, onlyReads: true }) };
  }

  /** Tries again to reach the hosts that were lost: they may be back. */
  async regain(): Promise<void> {
    await this.#contacts.regain();
  }

  /** Whether anything was begun on any host. */
  get hasBegun(): boolean {
    return this.#batches > 0;
  }

  /** `facts.*` of a host, as the language sees them. */
  facts(host: string): Value {
    return factsOf(this.#ground, host);
  }

  /** Why a host is out of reach; undefined when it is not. */
  whyLost(host: string): string | undefined {
    return this.#contacts.whyLost(host);
  }

  /** Round trips, bytes, by host. */
  stats(): readonly { host: string; waits: number; bytesSent: number; bytesReceived: number }[] {
    return this.#contacts.sessions().map((session) => ({ host: session.host.name, ...session.stats }));
  }

  /** What is running where right now. */
  running(): ReadonlyMap<string, string> {
    return this.#running;
  }

  /** Begins nothing more of the batches that are running: what the first ^C does. */
  async #halt(): Promise<void> {
    await Promise.allSettled(
      [...this.#running].map(([host, key]) => this.#contacts.session(host)?.halt(key)),
    );
  }

  /** Signals everything that is running: what the second ^C does. */
  async cancel(): Promise<void> {
    this.#ending.abort();
    await Promise.allSettled(
      [...this.#running].map(([host, key]) => this.#contacts.session(host)?.cancel(key, 'TERM')),
    );
  }

  async close(): Promise<void> {
    await this.#contacts.close();
  }

  #newRun(planned: Plan, { playbook, registers, recaps, ...own }: Part): Run {
    const { masker, clock, keepFile, runId, emit } = this.#options;
    // What ended one part of a runbook (its timeout) does not end the next.
    this.#ending = new AbortController();
    const signals = [this.#options.signal, own.signal].filter((signal) => signal !== undefined);
    return {
      id: runId,
      ground: this.#ground,
      contacts: this.#contacts,
      notes: new KeptNotes(this.#ground, playbook, this.#contacts),
      playbook,
      planned: indexPlan(planned),
      registers,
      recaps: recaps ?? new Recaps(),
      keepFile,
      masker,
      clock,
      signal: signals.length === 0 ? undefined : AbortSignal.any(signals),
      ending: this.#ending.signal,
      emit: (event) => (own.emit ?? emit)(event),
      lookAtWanted: () => this.#lookAtWanted(),
      nextBatch: () => {
        this.#batches += 1;
        return this.#batches;
      },
      running: this.#running,
      begun: false,
      offPlan: new Set(),
      ended: new Map(),
    };
  }

  /** Looks at everything wanted on every host, in one round trip each; false when nothing was. */
  async #lookAtWanted(): Promise<boolean> {
    const wanted = this.#ground.facts.takeWanted();
    if (wanted.size === 0) return false;
    const { masker, emit } = this.#options;
    const looking = { ...this.#ground, masker };
    await this.#contacts.reach(wanted.keys());
    await Promise.all(
      [...wanted].map(async ([host, requests]) => {
        emit({ type: 'looking', host, facts: requests.length });
        await this.#contacts.attempt(host, (session) => look(looking, host, session, requests));
        if (!this.#contacts.session(host)) await look(looking, host, undefined, requests);
      }),
    );
    return true;
  }

  #unreachable(playbook: Playbook): Plan['unreachable'] {
    const hosts = playbook.plays.flatMap((play) => play.batches.flat());
    return [...new Set(hosts)].flatMap((host) => {
      const reason = this.#contacts.whyLost(host);
      return reason === undefined ? [] : [{ host, reason }];
    });
  }
}
