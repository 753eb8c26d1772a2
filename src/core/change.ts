import type { Json, Value } from './value.ts';

/** What a change can cost, from nothing to everything. */
export const RISKS = ['reads', 'changes', 'restarts', 'interrupts', 'destroys'] as const;
export type Risk = (typeof RISKS)[number];

export type Action = 'none' | 'create' | 'update' | 'delete' | 'run' | 'unknown' | 'blocked';

/** One field that differs. `before` is absent when the thing itself is. */
export interface FieldChange {
  readonly field: string;
  readonly before?: Value;
  readonly after?: Value;
  /** The values are texts to be compared line by line. */
  readonly text?: boolean;
}

/** The difference between what is and what is wanted: data, complete, without side effects. */
export interface Change {
  readonly action: Action;
  readonly risk: Risk;
  readonly fields: readonly FieldChange[];
  /** Why it is blocked or unknown, or what a run will do. */
  readonly reason?: string;
  /** For `unknown`: the label of the task that must be done before this can be known. */
  readonly after?: string;
  /** For `unknown`: what it would be as things are now. */
  readonly likely?: Action;
  /** It takes what grows by itself, such as an archive: that there is more of it meanwhile makes no other plan of it. */
  readonly grows?: true;
  /** What the resource itself wants to remember from `diff` for `commands`. */
  readonly note?: Json;
}

export const NONE: Change = { action: 'none', risk: 'reads', fields: [] };

/** What is said (`advise`) by what needs no change; undefined where it has nothing to say. */
export function adviceIn({ action, reason }: Change): string | undefined {
  return action === 'none' ? reason : undefined;
}

export function blocked(reason: string): Change {
  return { action: 'blocked', risk: 'reads', fields: [], reason };
}

/** Whether carrying it out changes something: a `run` that only reads or waits does not. */
export function isChanging(change: Change): boolean {
  return change.action !== 'none' && change.action !== 'blocked' && change.risk !== 'reads';
}
