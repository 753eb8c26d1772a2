import type { Writable } from 'node:stream';
import type { RunEvent } from '../core/event.ts';
import type { Journal } from '../core/journal.ts';
import type { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Playbook } from '../core/task.ts';
import type { Contacts } from './contacts.ts';
import type { Ground } from './ground.ts';
import type { KeptNotes } from './kept-notes.ts';
import type { Leases } from './leases.ts';
import type { Past } from './past.ts';
import type { Recaps } from './recaps.ts';
import type { Registers } from './registers.ts';

/** Time as the engine sees it; tests bring their own. Milliseconds. */
export interface Clock {
  now(): number;
  /** Ends early, without an error, when the signal is given. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** How a file is kept on the controller: whole or not at all, mode 0600. */
export type KeepFile = (path: string, write: (sink: Writable) => Promise<void>) => Promise<void>;

/** Everything that one apply carries along. */
export interface Run {
  readonly id: string;
  readonly ground: Ground;
  readonly contacts: Contacts;
  readonly notes: KeptNotes;
  readonly playbook: Playbook;
  /** What the plan called unchanged, by `plannedKey`. */
  readonly unchanged: ReadonlySet<string>;
  /** The warnings of the plan, which was shown. */
  readonly told: readonly string[];
  readonly journal: Journal;
  /** What happened before the run was taken up. */
  readonly past: Past;
  readonly leases: Leases;
  readonly registers: Registers;
  readonly recaps: Recaps;
  readonly masker: Masker;
  readonly clock: Clock;
  /** Aborted by the first ^C: begin nothing new. */
  readonly signal: AbortSignal | undefined;
  /** Aborted by the second: end what runs. */
  readonly ending: AbortSignal;
  emit(event: RunEvent): void;
  /** Writes a file of the controller beside its place, and puts it there when `write` has not failed. */
  readonly keepFile: KeepFile;
  /** Looks at everything that was noted as wanted just now. */
  lookAtWanted(): Promise<boolean>;
  /** A number for the next batch: with the run's id it makes a key that was never used. */
  nextBatch(): string;
  /** Hosts of the batches that are running, by their keys: what a second ^C signals. */
  readonly running: Map<string, string>;
  /** What would change something is refused, and commands leave no trace on the host. */
  readonly onlyReads?: boolean;
  /** Whether any batch was begun in this run. */
  begun: boolean;
  /** Hosts on which something failed and was ignored or rescued: there what was planned does not bind what follows. */
  readonly offPlan: Set<string>;
  /** How each host ended that could not go on. */
  readonly ended: Map<string, Outcome>;
}

export function plannedKey(taskId: string, host: string, item: string): string {
  return JSON.stringify([taskId, host, item]);
}
