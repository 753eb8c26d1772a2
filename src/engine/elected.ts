import type { Task } from '../core/task.ts';
import { taskLabel } from './decision.ts';
import type { Run } from './run.ts';

/** Who does a task for all of these: whoever had begun it before the run was taken up, else the first of them. */
export function elected({ past }: Run, task: Task, hosts: readonly string[]): string | undefined {
  return hosts.find((host) => past.wasDoneBy(task.id, host)) ?? hosts[0];
}

/**
 * Whether a host that cannot go on any more has done it for all before the run was taken up. What it did is on record
 * under its name; another one must not do it a second time.
 */
export function isDoneByOneGone(run: Run, task: Task, members: readonly string[]): boolean {
  const gone = members.find((host) => run.ended.has(host) && run.past.wasDoneBy(task.id, host));
  if (gone === undefined) return false;
  const text = `task ${task.number} (${taskLabel(task)}) was done by ${gone} for all, which cannot go on now: nobody else does it a second time. Mend ${gone}, then: fanops resume ${run.id}`;
  run.emit({ type: 'warning', text: run.masker.mask(text) });
  return true;
}
