import type { Diagnostic, Position } from './diagnostic.ts';
import type { Host } from './host.ts';
import type { Touch } from './touch.ts';
import type { Unknown, Value } from './value.ts';

/** Hosts in the order of the inventory, and the hosts of every group. */
export interface Inventory {
  readonly file: string;
  readonly hosts: readonly Host[];
  readonly groups: { readonly [group: string]: readonly string[] };
}

/** What a task may be rendered with, beside the variables that the language holds itself. */
export interface Scope {
  readonly host: string;
  /** Registered results so far, as this host sees them; Unknown where a task has not run yet. */
  readonly registers: { readonly [name: string]: Value };
  /** `facts.*` of the host (from its hello), or Unknown before it was reached. */
  readonly facts: Value;
}

/** One thing to do: one turn of a loop, or the task itself. */
export interface RenderedItem {
  /** Stable within the task: the loop item, or empty. */
  readonly key: string;
  /** The loop item as it is shown, or empty. */
  readonly label: string;
  /** Which item of its loop, from 0; absent without a loop. */
  readonly place?: number;
  /** Unknown: whether it runs depends on what has not been done yet. */
  readonly when: boolean | Unknown;
  /** The condition as written, for "skipped (when: …)". */
  readonly whenText: string;
  /** Checked against the resource's schema; may hold Unknown anywhere. */
  readonly args: { readonly [name: string]: Value };
  /** The host that does it: the task's own, or where it is delegated. */
  readonly on: string | Unknown;
  /** `become_user`, or undefined for the session's own account. */
  readonly as: string | undefined;
  /** What the loop goes over, for `judge`. */
  readonly turn?: Value;
  /** Narrows what the resource says it touches, where that depends on variables. */
  readonly touches?: readonly Touch[];
}

/** A block that a task stands in, and in which of its parts. */
export interface BlockPart {
  /** Unique within the playbook. */
  readonly block: string;
  readonly name: string;
  readonly part: 'block' | 'rescue' | 'always';
}

/** A task as the engine sees it. The language owns how it is evaluated, the engine when. */
export interface Task {
  /** Stable across runs of an unchanged playbook: play number and task number. */
  readonly id: string;
  /** Counted from 1 through the playbook, for messages. */
  readonly number: number;
  readonly name: string;
  readonly position: Position;
  /** Name of the resource or action; `meta: flush_handlers` is the engine's own `flush_handlers`. */
  readonly resource: string;
  readonly tags: readonly string[];
  /** The blocks around it, outermost first; the tasks of one part of a block stand together. */
  readonly blocks?: readonly BlockPart[];
  readonly runOnce: boolean;
  readonly notify: readonly string[];
  readonly register?: string;
  /** Narrows what the resource says it touches, the same for every item. */
  readonly touches?: readonly Touch[];
  /** With `until`: how often and how far apart. */
  readonly retry?: { readonly retries: number; readonly delayMs: number };
  readonly ignoreErrors: boolean;
  /** Content shows only as changed or unchanged. */
  readonly sensitive: boolean;
  /** Which questions `judge` can answer for this task. */
  readonly judges?: readonly ('until' | 'changed' | 'failed')[];
  /** A loop that is unknown as a whole gives Unknown. */
  render(scope: Scope): readonly RenderedItem[] | Unknown;
  /** Evaluates `until`, `changed_when` or `failed_when` on an item's result; undefined where the task has none. */
  judge(
    question: 'until' | 'changed' | 'failed',
    scope: Scope,
    result: Value,
    item?: RenderedItem,
  ): boolean | undefined;
}

export interface Play {
  readonly id: string;
  readonly name: string;
  readonly position: Position;
  /** The hosts, limit applied, split as `serial` says; one batch without it. */
  readonly batches: readonly (readonly string[])[];
  /** The hosts before the limit. */
  readonly allHosts: readonly string[];
  /** How many of a batch's hosts may fail, in percent, before all stop at the next barrier; absent: none at all. */
  readonly maxFailPercentage?: number;
  /** Hosts that cannot be reached do not keep the others from beginning. */
  readonly ignoresUnreachable?: true;
  /** Declared to change nothing, and checked: it needs no consent. */
  readonly onlyLooks?: true;
  readonly tasks: readonly Task[];
  readonly handlers: readonly Task[];
}

export interface Playbook {
  readonly file: string;
  readonly plays: readonly Play[];
  readonly warnings: readonly Diagnostic[];
}
