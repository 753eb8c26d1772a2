import type { Hello } from '../core/host.ts';
import type { ItemEnded, ItemId, JournalEntry, Recorded } from '../core/journal.ts';
import type { Outcome } from '../core/outcome.ts';
import { idText } from './item-id.ts';
import { type Doubtful, PastBatches } from './past-batches.ts';

/** Why an action cannot be taken as done or as not done. */
export interface Doubt {
  readonly id: ItemId;
  /** The host that did it. */
  readonly on: string;
  readonly task: ItemEnded['task'];
  readonly label: string;
  /** Which item of its loop, from 0; absent without a loop. */
  readonly place?: number;
  readonly display: string;
  /** `begun`: nobody knows whether it ended. `unheard`: it ended, but what it said was not kept. */
  readonly why: 'begun' | 'unheard';
}

/** After these an item may have been begun, and its end is to be found out. */
const OPEN = new Set<Outcome | undefined>(['in-doubt', 'unreachable', 'leased']);

/** What the journal says of a run before this controller took it up; empty for a new run. */
export class Past {
  readonly batches = new PastBatches();
  readonly isEmpty: boolean;
  readonly unchanged: ReadonlySet<string>;
  readonly mayChange: readonly string[];
  /** What would be done on these the approved plan did not show. */
  readonly unplanned: readonly string[];
  /** How many controllers the run has had before: what this controller sends has other keys. */
  readonly sessions: number;
  readonly #ends = new Map<string, ItemEnded[]>();
  /** Which hosts have come to an end of which tasks. */
  readonly #doers = new Set<string>();
  readonly #unheard = new Map<string, { readonly end: ItemEnded; readonly on: string }>();
  readonly #done = new Set<string>();
  readonly #held = new Set<string>();
  readonly #hellos = new Map<string, Hello>();
  readonly #marks = new Map<string, number>();

  constructor(entries: readonly JournalEntry[]) {
    const plans = entries.filter((entry) => entry.type === 'plan');
    this.isEmpty = entries.length === 0;
    this.unchanged = new Set(plans.flatMap((plan) => plan.unchanged));
    this.mayChange = [...new Set(plans.flatMap((plan) => plan.mayChange))];
    this.unplanned = plans.flatMap((plan) => plan.unreachable ?? []);
    const resumed = entries.filter((entry) => entry.type === 'run-resumed').length;
    this.sessions = this.isEmpty ? 0 : resumed + 1;
    const retried = retriedEnds(entries);
    for (const entry of entries) this.#take(entry, retried);
  }

  /** The next recorded end of an item: each is told once, in their order. */
  takeEnd(id: ItemId): ItemEnded | undefined {
    return this.#ends.get(idText(id))?.shift();
  }

  /** Whether the host had begun the task, for itself or for all, and it need not be tried again. */
  wasDoneBy(task: string, host: string): boolean {
    return this.#doers.has(idText({ task, host, item: '' })) || this.batches.isOpen(task, host);
  }

  /** The hosts whose leases were not given back. */
  held(): readonly string[] {
    return [...this.#held];
  }

  hello(host: string): Hello | undefined {
    return this.#hellos.get(host);
  }

  /** Keeps what a host says of itself when it is first reached; whether it was new. */
  noteHello(host: string, hello: Hello): boolean {
    if (this.#hellos.has(host)) return false;
    this.#hellos.set(host, hello);
    return true;
  }

  /** Whether this was recorded already, for entries that are recorded at one point of a run each time it comes by. */
  takeMark(entry: JournalEntry): boolean {
    const mark = markOf(entry);
    const left = this.#marks.get(mark) ?? 0;
    this.#marks.set(mark, left - 1);
    return left > 0;
  }

  /** The operator has said that it was done. */
  isDone(id: ItemId): boolean {
    return this.#done.has(idText(id));
  }

  doubts(): readonly Doubt[] {
    const begun = this.batches.doubtful().map(doubtOf);
    const ended = [...this.#unheard.values()].map(({ end, on }): Doubt => {
      const { id, task, label, place, address: display } = end;
      return { id, on, task, label, ...(place === undefined ? {} : { place }), display, why: 'unheard' };
    });
    const all = new Map([...begun, ...ended].map((doubt) => [idText(doubt.id), doubt]));
    return [...all.values()].filter(({ id }) => !this.isDone(id));
  }

  /** The operator's word on a doubt. */
  treat(id: ItemId, as: 'done' | 'again'): void {
    this.#unheard.delete(idText(id));
    if (as === 'done') this.#done.add(idText(id));
    else this.batches.forget(id);
  }

  /** The item has ended in this session. */
  forget(id: ItemId): void {
    this.#done.delete(idText(id));
    this.batches.forget(id);
  }

  #take(entry: JournalEntry, retried: ReadonlySet<JournalEntry>): void {
    if (entry.type === 'batch-sent') this.batches.sent(entry);
    else if (entry.type === 'command-ended') this.batches.commandEnded(entry);
    else if (entry.type === 'batch-ended') this.batches.ended(entry);
    else if (entry.type === 'treated') this.treat(entry.id, entry.as);
    else if (entry.type === 'item-ended') this.#itemEnded(entry, retried.has(entry));
    else if (entry.type === 'host-reached') this.noteHello(entry.host, entry.hello);
    else if (entry.type === 'lease-taken') this.#held.add(entry.host);
    else if (entry.type === 'lease-released') this.#held.delete(entry.host);
    else this.#marks.set(markOf(entry), (this.#marks.get(markOf(entry)) ?? 0) + 1);
  }

  #itemEnded(end: ItemEnded, isRetried: boolean): void {
    const id = idText(end.id);
    this.#done.delete(id);
    // `unknown`: contact was lost before anybody had looked at what it came to.
    const isUnseen = end.outcome === 'unknown';
    const on = this.batches.doerOf(end.id) ?? end.id.host;
    const isOpen = isUnseen || OPEN.has(end.failure?.outcome);
    if (end.failure?.outcome === 'stopped') this.batches.forgetEnded(end.id);
    else if (!isOpen) this.batches.forget(end.id);
    if (isRetried || isUnseen) return;
    this.#doers.add(idText({ ...end.id, item: '' }));
    if (end.withheld) {
      // What is declared is looked at again; of an action nobody can say any more what it said.
      if (end.action === 'run') this.#unheard.set(id, { end, on });
      return;
    }
    this.#ends.set(id, [...(this.#ends.get(id) ?? []), end]);
  }
}

/**
 * What is done again: a failure that was neither ignored nor rescued, and what its hosts did behind it (`always`).
 */
function retriedEnds(entries: readonly JournalEntry[]): ReadonlySet<JournalEntry> {
  const retried = new Set<JournalEntry>();
  let failed = new Set<string>();
  for (const entry of entries) {
    if (entry.type === 'run-resumed') failed = new Set();
    if (entry.type === 'failed-for') for (const host of entry.hosts) failed.add(host);
    if (entry.type !== 'item-ended') continue;
    const { host } = entry.id;
    if (entry.failure && entry.outcome !== 'ignored' && entry.outcome !== 'rescued') failed.add(host);
    if (failed.has(host)) retried.add(entry);
  }
  return retried;
}

function doubtOf({ command: { id, task, label, place, display }, on, isLost }: Doubtful): Doubt {
  const item = place === undefined ? {} : { place };
  return { id, on, task, label, ...item, display, why: isLost ? 'begun' : 'unheard' };
}

/** What makes two such entries one point of the run: all but what was found there. */
function markOf(entry: JournalEntry): string {
  const { at: _, ...said } = entry as Recorded;
  switch (said.type) {
    case 'handler-done':
      return JSON.stringify([said.type, said.handler, said.host]);
    case 'step-begun':
    case 'step-ended':
    case 'barrier':
      return JSON.stringify([said.type, said.step]);
    default:
      return JSON.stringify(said);
  }
}
