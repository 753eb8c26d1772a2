import type { CommandResult } from '../core/command.ts';
import type { AnnouncedCommand, ItemId, JournalEntry } from '../core/journal.ts';
import type { BatchResult } from '../core/session.ts';
import { idText } from './item-id.ts';

type Of<Type extends JournalEntry['type']> = Extract<JournalEntry, { type: Type }>;

/** A batch that was announced, and what is known of its commands, by their number in it. */
interface PastBatch {
  readonly key: string;
  readonly host: string;
  readonly commands: readonly AnnouncedCommand[];
  readonly results: Map<number, CommandResult>;
  /** Commands whose end is known, but not what they said, which somebody reads. */
  readonly unheard: Set<number>;
  /** The command that was begun and whose end nobody knows. */
  lost?: number;
  /** Whether it is known which commands ended, and that no other will begin. */
  isSettled: boolean;
}

/** Where the parts of an item were sent: which command of which batch. */
type Parts = Map<number, { readonly batch: PastBatch; readonly number: number }>;

/** How a command ended, and the digest of its script. */
export interface PastResult {
  readonly sha256: string;
  readonly result: CommandResult;
}

/** A command of an action about which the journal and the host do not say enough. */
export interface Doubtful {
  readonly command: AnnouncedCommand;
  readonly on: string;
  /** Nobody knows whether it ended; else it ended, but what it said is gone. */
  readonly isLost: boolean;
}

/** Batches of the past, as far as their items have not ended. */
export class PastBatches {
  readonly #batches = new Map<string, PastBatch>();
  /** By item, then by the host that does it. */
  readonly #begun = new Map<string, Map<string, Parts>>();

  sent({ key, host, commands }: Of<'batch-sent'>): void {
    const batch = { key, host, commands, results: new Map(), unheard: new Set<number>(), isSettled: false };
    this.#batches.set(key, batch);
    for (const [number, { id, part }] of commands.entries()) {
      const hosts = this.#begun.get(idText(id)) ?? new Map<string, Parts>();
      this.#begun.set(idText(id), hosts);
      // One that begins at its first command is a new beginning; else it goes on where an earlier one stopped.
      if (part === 0 || !hosts.has(host)) hosts.set(host, new Map());
      hosts.get(host)?.set(part, { batch, number });
    }
  }

  commandEnded({ key, number, result, withheld }: Of<'command-ended'>): void {
    const batch = this.#batches.get(key);
    if (!batch) return;
    batch.results.set(number, result);
    if (withheld && batch.commands[number]?.isRead) batch.unheard.add(number);
  }

  ended({ key, outcome }: Of<'batch-ended'>): void {
    const batch = this.#batches.get(key);
    if (batch) conclude(batch, outcome);
  }

  /** Batches whose ends only the host can tell. */
  unsettled(): readonly Pick<PastBatch, 'key' | 'host' | 'commands'>[] {
    const open = new Set(this.#parts().map(({ batch }) => batch));
    return [...open].filter((batch) => !batch.isSettled);
  }

  /** Takes in what the host says; what the journal has of an output is more than what the host has kept. */
  settle(key: string, { outcome, results }: BatchResult): void {
    const batch = this.#batches.get(key);
    if (!batch) return;
    for (const [number, result] of results.entries()) {
      const known = batch.results.get(number);
      if (known !== undefined && known.status !== null) continue;
      batch.results.set(number, result);
      if (batch.commands[number]?.isRead && isGone(result)) batch.unheard.add(number);
    }
    conclude(batch, outcome);
  }

  /** Whether the item was begun at all. */
  wasBegun(id: ItemId): boolean {
    const parts = [...(this.#begun.get(idText(id))?.values() ?? [])].flatMap((p) => [...p.values()]);
    return parts.some(({ batch, number }) => batch.results.has(number) || batch.lost === number);
  }

  /** Whether something of the task was sent for this host that has not ended. */
  isOpen(task: string, host: string): boolean {
    return this.#parts().some(({ batch, number }) => {
      const id = batch.commands[number]?.id;
      return id?.task === task && id.host === host;
    });
  }

  /** The host that was sent the item last. */
  doerOf(id: ItemId): string | undefined {
    return [...(this.#begun.get(idText(id))?.keys() ?? [])].at(-1);
  }

  /** How the item's commands on a host ended, by their part, and which commands they were; told once. */
  takeResults(id: ItemId, on: string): ReadonlyMap<number, PastResult> {
    const hosts = this.#begun.get(idText(id));
    const parts: Parts = hosts?.get(on) ?? new Map();
    hosts?.delete(on);
    const ended = [...parts].flatMap(([part, { batch, number }]) => {
      const result = batch.results.get(number);
      const sha256 = batch.commands[number]?.sha256;
      return result === undefined || sha256 === undefined ? [] : [[part, { sha256, result }] as const];
    });
    return new Map(ended);
  }

  forget(id: ItemId): void {
    this.#begun.delete(idText(id));
  }

  /** The operator stopped it: what had ended well before that stands, what was itself ended is open again. */
  forgetEnded(id: ItemId): void {
    for (const parts of this.#begun.get(idText(id))?.values() ?? [])
      for (const [part, { batch, number }] of parts) {
        const result = batch.results.get(number);
        if (result !== undefined && result.status !== 0) parts.delete(part);
      }
  }

  /** Actions only: what is declared is looked at. */
  doubtful(): readonly Doubtful[] {
    return this.#parts().flatMap(({ batch, number }) => {
      const command = batch.commands[number];
      const isLost = number === batch.lost;
      return command?.action === 'run' && (isLost || batch.unheard.has(number))
        ? [{ command, on: batch.host, isLost }]
        : [];
    });
  }

  #parts(): readonly { readonly batch: PastBatch; readonly number: number }[] {
    return [...this.#begun.values()].flatMap((hosts) => [...hosts.values()].flatMap((p) => [...p.values()]));
  }
}

/** The last one that was begun is lost when it has no status: a result for it would be made up. */
function conclude(batch: PastBatch, outcome: string): void {
  batch.isSettled = true;
  if (outcome !== 'in-doubt') return;
  const last = Math.max(-1, ...batch.results.keys());
  if (batch.results.get(last)?.status !== null) return;
  batch.results.delete(last);
  batch.lost = last;
}

/** The host has its status, and its output no more. */
function isGone({ truncated, stdout, stderr }: CommandResult): boolean {
  return truncated && stdout === '' && stderr === '';
}
