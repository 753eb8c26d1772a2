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

/** A stretch of a play's tasks, from one barrier to the next. */
export interface Stretch {
  readonly kind: 'flush' | 'shared' | 'hosts';
  readonly from: number;
  readonly until: number;
}

/** Cuts a play's tasks at its barriers: each host walks a stretch by itself, all wait at its end. */
export function stretchesOf(ground: Ground, tasks: readonly Task[]): readonly Stretch[] {
  const stretches: Stretch[] = [];
  let mayGrow = false;
  tasks.forEach((task, index) => {
    const kind = isFlush(task) ? 'flush' : isShared(ground, task) ? 'shared' : 'hosts';
    const isOwn = kind === 'hosts' && !readsOthers(ground, task);
    const last = stretches.at(-1);
    if (last && isOwn && mayGrow) stretches[stretches.length - 1] = { ...last, until: index + 1 };
    else stretches.push({ kind, from: index, until: index + 1 });
    mayGrow = isOwn;
  });
  return stretches;
}
