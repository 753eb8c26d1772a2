import type { RunEvent } from '../core/event.ts';
import type { AnyFactKind } from '../core/fact.ts';
import { type Journal, noJournal } from '../core/journal.ts';
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
import { type LeaseOptions, Leases } from './leases.ts';
import { look } from './looking.ts';
import { type Part, wholePart } from './part.ts';
import { Past } from './past.ts';
import { isSettled, planFrom } from './planner.ts';
import { Recaps } from './recaps.ts';
import { approved, holdHosts, leaveOut } from './recorded-run.ts';
import { refuseBlocked, refuseStale, refuseUnreachable } from './refusals.ts';
import type { Clock, KeepFile, Run } from './run.ts';
import { settledRecap } from './settled.ts';
import { type Treatment, takeUp } from './take-up.ts';

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
  /** Where the run is recorded; without one it cannot be taken up again. */
  readonly journal?: Journal;
  /** In whose name hosts are held. */
  readonly lease?: LeaseOptions;
  emit(event: RunEvent): void;
  /** Aborted by the first ^C: begin nothing new. */
  readonly signal?: AbortSignal;
}

/** How long a command has to end by itself once it was asked to. */
const KILL_AFTER_MS = 5_000;

/** Looks at hosts, plans a playbook on them, and carries the plan out. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #contacts: Contacts;
  readonly #ground: Ground;
  readonly #journal: Journal;
  readonly #past: Past;
  readonly #leases: Leases;
  readonly #running = new Map<string, string>();
  readonly #whole: Part;
  #ending = new AbortController();
  #batches = 0;

  constructor(options: EngineOptions) {
    const { inventory, connect, forks, emit } = options;
    this.#options = options;
    this.#whole = wholePart(options.playbook);
    this.#journal = options.journal ?? noJournal(options.runId);
    this.#past = new Past(this.#journal.past);
    options.signal?.addEventListener('abort', () => void this.#halt());
    this.#contacts = new Contacts(inventory.hosts, connect, forks, (event) => emit(event));
    const known = new Set(inventory.hosts.map(({ name }) => name));
    const held = this.#past.held().filter((host) => known.has(host));
    this.#leases = new Leases(this.#contacts, this.#journal, options.clock, this.#lease(), held);
    this.#ground = {
      resources: new Map(options.resources.map((resource) => [resource.name, resource])),
      kinds: new Map(options.factKinds.map((kind) => [kind.name, kind])),
      inventory,
      facts: new FactStore(),
      // As it was when the run began: conditions are to come out as they did.
      hello: (host) => this.#contacts.hello(host) && (this.#past.hello(host) ?? this.#contacts.hello(host)),
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
    const plan = approved(planned);
    const run = this.#newRun(new Set(plan.unchanged), part, planned.warnings);
    const refused = refuseUnreachable(run, planned.unreachable) ?? refuseBlocked(run, planned);
    if (refused) return { outcome: refused };
    if (isSettled(planned)) return { outcome: settledRecap(run, planned) };
    const stale = refuseStale(run, planned, await this.plan(part));
    if (stale) return { outcome: stale };
    await this.#journal.record(plan);
    return this.#carryOut(run, part, plan.mayChange);
  }

  /**
   * Finds out how far a run had come whose journal has a past, and holds its hosts again. An outcome when it cannot
   * go on: `goOn` is next.
   */
  async takeUp(treat: Treatment, { playbook }: Part = this.#whole): Promise<Outcome | undefined> {
    const run = this.#newRun(this.#past.unchanged, this.#whole);
    // A runbook says of each step whom it had begun with.
    if (playbook === this.#whole.playbook) leaveOut(run, this.#past.unplanned);
    await this.#contacts.reach(playbook.plays.flatMap((play) => play.batches.flat()));
    const refused =
      refuseUnreachable(run, this.#unreachable(playbook)) ??
      (await holdHosts(run, this.#past.mayChange)) ??
      (await takeUp(run, this.#lease().who, treat));
    this.#keepDoubts(run);
    if (refused === 'in-doubt') await this.finish(refused);
    else if (refused) await this.#refuse(refused);
    return refused;
  }

  /** Carries out what had been begun, from the first item on that has no end. */
  goOn(part: Part = this.#whole): Promise<{ readonly outcome: Outcome }> {
    return this.#carryOut(this.#newRun(this.#past.unchanged, part), part, this.#past.mayChange);
  }

  /** Gives the hosts back and writes down how the run ended; a part of a run does not end it. */
  async finish(outcome: Outcome): Promise<void> {
    await this.#leases.release();
    await this.#journal.record({ type: 'run-ended', outcome });
  }

  /** What was sent to the hosts is not settled: the run holds on to what it held. */
  async #refuse(outcome: Outcome): Promise<void> {
    await this.#leases.releaseNew();
    await this.#journal.record({ type: 'run-ended', outcome });
  }

  async #carryOut(
    run: Run,
    part: Part,
    mayChange: readonly string[],
  ): Promise<{ readonly outcome: Outcome }> {
    const outcome = (await holdHosts(run, mayChange)) ?? (await applyPlaybook(run));
    this.#keepDoubts(run);
    if (part === this.#whole) await this.finish(outcome);
    return { outcome };
  }

  #keepDoubts({ ended }: Run): void {
    for (const [host, outcome] of ended) if (outcome === 'in-doubt') this.#leases.keep(host);
  }

  #lease(): LeaseOptions {
    return this.#options.lease ?? { who: 'somebody', message: this.#options.playbook.file, waitMs: 0 };
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
    const run = this.#newRun(new Set(), { ...part, playbook: { ...playbook, plays } });
    const journal = { ...this.#journal, record: async () => {} };
    const unrecorded = { journal, past: new Past([]), onlyReads: true };
    return { outcome: await applyPlaybook({ ...run, ...unrecorded }) };
  }

  /** Lets the hosts that were lost be tried again, since they may be back; these are at once. */
  async regain(hosts: readonly string[] = []): Promise<void> {
    await this.#contacts.regain();
    await this.#contacts.reach(hosts);
  }

  /** How often commands were sent to a host: none, and nothing was done. */
  get batches(): number {
    return this.#batches;
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

  /** The batches that are running right now, by their keys, and where. */
  running(): ReadonlyMap<string, string> {
    return this.#running;
  }

  /** Begins nothing more of the batches that are running: what the first ^C does. */
  async #halt(): Promise<void> {
    await Promise.allSettled(
      [...this.#running].map(([key, host]) => this.#contacts.session(host)?.halt(key)),
    );
  }

  /** Signals everything that is running, and after a while what did not mind: what the second ^C does. */
  async cancel(): Promise<void> {
    this.#ending.abort();
    const asked = [...this.#running];
    const signal = (name: 'TERM' | 'KILL') => {
      const left = asked.filter(([key]) => this.#running.has(key));
      return Promise.allSettled(left.map(([key, host]) => this.#contacts.session(host)?.cancel(key, name)));
    };
    await signal('TERM');
    await this.#options.clock.sleep(KILL_AFTER_MS);
    await signal('KILL');
  }

  async close(): Promise<void> {
    await this.#contacts.close();
  }

  #newRun(unchanged: Run['unchanged'], part: Part, told: Run['told'] = []): Run {
    const { playbook, registers, recaps, ...own } = part;
    const past = own.isFresh ? new Past([]) : this.#past;
    const { masker, clock, keepFile, runId, emit } = this.#options;
    // What ended one part of a runbook (its timeout) does not end the next.
    this.#ending = new AbortController();
    const signals = [this.#options.signal, own.signal].filter((signal) => signal !== undefined);
    return {
      id: runId,
      ground: this.#ground,
      contacts: this.#contacts,
      notes: new KeptNotes(this.#ground, playbook, this.#contacts, this.#journal, past),
      playbook,
      unchanged,
      told,
      journal: this.#journal,
      past,
      leases: this.#leases,
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
        return this.#past.sessions === 0 ? `${this.#batches}` : `r${this.#past.sessions}-${this.#batches}`;
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
