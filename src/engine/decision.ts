import type { Change } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { TaskRef } from '../core/plan.ts';
import type { AnyResource } from '../core/resource.ts';
import type { RenderedItem, Task } from '../core/task.ts';
import type { Touch } from '../core/touch.ts';
import { Unknown, type Value } from '../core/value.ts';
import type { Wanted } from './fact-store.ts';

/** A fact, the host that it is looked at on, and by which account. */
export interface Need extends Wanted {
  readonly host: string;
}

/** What one item of one task comes to on one host, as far as it can be known now. */
export interface Decision {
  readonly task: Task;
  readonly resource: AnyResource;
  readonly host: string;
  readonly on: string;
  readonly item: RenderedItem | undefined;
  readonly args: { readonly [name: string]: Value };
  readonly address: string;
  readonly change: Change;
  readonly skipped?: string;
  readonly view: FactView | undefined;
  readonly needs: readonly Need[];
  readonly touches: readonly Touch[];
  /** Nobody has looked at its facts yet: it is decided again when somebody has. */
  readonly isUnseen?: true;
  /** The task (by number) whose change makes this one unknown, when nothing else does. */
  readonly cloudedBy?: number;
}

export function taskLabel(task: Task): string {
  return task.name;
}

export function taskRef(task: Task): TaskRef {
  const { id, number, name, resource, position } = task;
  return { id, number, name, resource, file: position.file, line: position.line };
}

/** Not known before `after` is done; `likely` is what it would be as things are now. */
export function unknownChange(after: string, likely?: Change): Change {
  const base: Change = {
    action: 'unknown',
    risk: likely && likely.action !== 'none' && likely.action !== 'blocked' ? likely.risk : 'changes',
    fields: likely?.fields ?? [],
    after,
  };
  return likely ? { ...base, likely: likely.action } : base;
}

/** What `register` keeps before the task has run. */
export function notYet(task: Task): Unknown {
  return new Unknown(taskLabel(task));
}
