import type { Task } from '../core/task.ts';
import type { Ground } from './ground.ts';

/** `meta: flush_handlers` */
export function isFlush(task: Task): boolean {
  return task.resource === 'flush_handlers';
}

/** Done by one for all: after it the hosts of the batch wait for each other. */
export function isShared(ground: Ground, task: Task): boolean {
  return task.runOnce || ground.resources.get(task.resource)?.scope === 'cluster';
}

/** It reads other hosts: all have done what is before it, and wait for it. */
function readsOthers(ground: Ground, task: Task): boolean {
  return ground.resources.get(task.resource)?.needsElsewhere !== undefined;
}

/** The hosts on which a task is decided: one for what is shared, else all. */
export function actingHosts(ground: Ground, task: Task, hosts: readonly string[]): readonly string[] {
  return isShared(ground, task) ? hosts.slice(0, 1) : hosts;
}

export type Stretch =
  | { readonly kind: 'flush' }
  | { readonly kind: 'shared'; readonly task: Task }
  | { readonly kind: 'hosts'; readonly tasks: readonly Task[] };

/** Cuts a play's tasks at its barriers: each host walks a stretch by itself, all wait at its end. */
export function stretchesOf(ground: Ground, tasks: readonly Task[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let own: Task[] = [];
  const end = (): void => {
    if (own.length) stretches.push({ kind: 'hosts', tasks: own });
    own = [];
  };
  for (const task of tasks) {
    if (isFlush(task)) {
      end();
      stretches.push({ kind: 'flush' });
    } else if (isShared(ground, task)) {
      end();
      stretches.push({ kind: 'shared', task });
    } else if (readsOthers(ground, task)) {
      end();
      stretches.push({ kind: 'hosts', tasks: [task] });
    } else own.push(task);
  }
  end();
  return stretches;
}
