import type { CommandResult } from './command.ts';
import type { Failure, StepOutcome } from './event.ts';
import type { Hello } from './host.ts';
import type { Outcome } from './outcome.ts';
import type { TaskRef } from './plan.ts';
import type { Json } from './value.ts';

/** The record of one run: what was about to be done, and how it ended, in order. */
export interface Journal {
  readonly run: string;
  /** Nothing is kept: the run cannot be taken up. */
  readonly isNone?: true;
  /** What was recorded before this controller took the run up; empty for a new run. */
  readonly past: readonly JournalEntry[];
  /**
   * Written when it returns: a controller that is killed after that has said it. On disk when the promise is
   * resolved: await it before the act that the entry announces.
   */
  record(entry: JournalEntry): Promise<void>;
}

/** Which item of which task on which host: the same on every run of an unchanged playbook. */
export interface ItemId {
  readonly task: string;
  readonly host: string;
  /** Stands for the item of a loop; empty without a loop. */
  readonly item: string;
}

/** A file that a run was made from; a run is continued only with the same. */
export interface SourceDigest {
  /** Relative to the project's folder. */
  readonly file: string;
  readonly sha256: string;
}

/** The command line without secrets: enough to read the same sources again. */
export interface RunCommand {
  readonly name: 'apply' | 'run';
  readonly cwd: string;
  readonly argv: readonly string[];
}

/** What was asked for. */
export interface RunStarted {
  readonly type: 'run-started';
  readonly fanops: string;
  readonly command: RunCommand;
  readonly playbook: string;
  readonly sources: readonly SourceDigest[];
  /** Of the project's git repository, where there is one; `dirty` when it had changes. */
  readonly commit?: { readonly id: string; readonly dirty: boolean };
  readonly limit?: string;
  readonly tags?: readonly string[];
  readonly skipTags?: readonly string[];
  /** `alice@workstation` */
  readonly who: string;
  readonly hosts: readonly string[];
  /** Ids of the runs that it takes back: going on with one of them would leave out what is not there any more. */
  readonly takesBack?: readonly string[];
}

/** The plan that was approved: what it called unchanged, which hosts it may change, and which it does not show. */
export interface PlanApproved {
  readonly type: 'plan';
  readonly digest: string;
  readonly unchanged: readonly string[];
  readonly mayChange: readonly string[];
  /** They could not be reached. */
  readonly unreachable?: readonly string[];
}

export type JournalEntry =
  | RunStarted
  | PlanApproved
  | { readonly type: 'run-resumed'; readonly fanops: string; readonly who: string }
  /** What a host said of itself when it was first reached: `facts.*` stays as it was. */
  | { readonly type: 'host-reached'; readonly host: string; readonly hello: Hello }
  | { readonly type: 'leases-wanted'; readonly hosts: readonly string[] }
  | { readonly type: 'lease-taken'; readonly host: string; readonly token: number }
  | { readonly type: 'lease-released'; readonly host: string }
  /** A play of a playbook, a step of a runbook. */
  | {
      readonly type: 'step-begun';
      readonly step: string;
      readonly name: string;
      readonly hosts: readonly string[];
    }
  | { readonly type: 'step-ended'; readonly step: string; readonly outcome: Outcome | 'skipped' }
  /** What was registered when a step of a runbook ended, by host; without what is secret. */
  | {
      readonly type: 'registers';
      readonly step: string;
      readonly value: { readonly [host: string]: { readonly [name: string]: Json } };
    }
  | {
      readonly type: 'guard' | 'verify' | 'invariant';
      readonly step: string;
      readonly condition: string;
      readonly holds: boolean;
      readonly seen?: string;
    }
  /** What an operator had to type, and did. */
  | {
      readonly type: 'confirmed';
      readonly step: string;
      readonly what: string;
      readonly typed: string;
      readonly by: string;
    }
  /** What a step of a runbook had to say though it did not fail. */
  | { readonly type: 'advised'; readonly step: string; readonly host: string; readonly text: string }
  /** Commands that are about to be sent to a host. Known by its key there for ever. */
  | {
      readonly type: 'batch-sent';
      readonly host: string;
      readonly key: string;
      readonly commands: readonly AnnouncedCommand[];
    }
  | {
      readonly type: 'command-ended';
      readonly key: string;
      /** Which command of the batch, from 0. */
      readonly number: number;
      readonly result: CommandResult;
      /** Something of it is secret: the output was left out. */
      readonly withheld?: true;
    }
  | { readonly type: 'batch-ended'; readonly key: string; readonly outcome: string; readonly reason?: string }
  | ItemEnded
  /** What another host did for these too (`run_once`, a cluster) has failed for them as well. */
  | { readonly type: 'failed-for'; readonly hosts: readonly string[] }
  /** All hosts have come to this point. */
  | { readonly type: 'barrier'; readonly step: string; readonly hosts: readonly string[] }
  /** The note that a handler is due was removed from its keepers: it ran, or was not needed. */
  | { readonly type: 'handler-done'; readonly handler: string; readonly host: string }
  /** The operator's word on what was in doubt. */
  | { readonly type: 'treated'; readonly id: ItemId; readonly as: 'done' | 'again'; readonly by: string }
  | { readonly type: 'run-ended'; readonly outcome: Outcome; readonly reason?: string };

export interface AnnouncedCommand {
  readonly id: ItemId;
  /** Which of the item's commands on that host, from 0. */
  readonly part: number;
  readonly sha256: string;
  /** `run`: merely done, so that no look can tell whether it was. */
  readonly action: string;
  /** What it says is registered or judged: without its output its end is not enough. */
  readonly isRead: boolean;
  readonly task: TaskRef;
  readonly label: string;
  /** Which item of its loop, from 0; absent without a loop. */
  readonly place?: number;
  readonly display: string;
  readonly sensitive: boolean;
}

/** How one item of one task ended. */
export interface ItemEnded {
  readonly type: 'item-ended';
  readonly id: ItemId;
  readonly task: TaskRef;
  readonly label: string;
  /** Which item of its loop, from 0; absent without a loop. */
  readonly place?: number;
  readonly address: string;
  readonly handler: boolean;
  readonly outcome: StepOutcome;
  readonly action: string;
  readonly reason?: string;
  readonly failure?: Failure;
  readonly durationMs: number;
  /** For handlers: whether it may have changed something, and who keeps their notes. */
  readonly effect: 'changed' | 'perhaps' | 'none';
  readonly keepers: readonly string[];
  /** What `register` keeps of it. Left out where something of it is secret: `withheld`. */
  readonly value?: Json;
  readonly withheld?: true;
}

/** The line of a journal: when, and what. */
export type Recorded = JournalEntry & { readonly at: string };

/** For what is not worth a record. */
export function noJournal(run: string): Journal {
  return { run, isNone: true, past: [], record: async () => {} };
}
