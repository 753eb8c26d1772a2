import type { Task } from '../core/task.ts';
import { decide } from './decide.ts';
import { type Decision, notYet } from './decision.ts';
import { Outlook } from './outlook.ts';
import { addToOutlook } from './planner.ts';
import { registeredTask } from './registered.ts';
import type { Run } from './run.ts';

/** Where a host stands in its tasks: the task, and how many of its items are behind it. */
export interface Cursor {
  readonly task: number;
  readonly item: number;
}

/** One decision and where it stands. */
export interface Placed {
  readonly decision: Decision;
  readonly at: Cursor;
  /** The last item of its task. */
  readonly isLast: boolean;
}

/** What can be done on a host without looking again in between. */
export interface Segment {
  readonly placed: readonly Placed[];
  readonly next: Cursor;
}

/** Decides from the cursor on until something has to be done before more can be known; looks as needed. */
export async function nextSegment(
  run: Run,
  host: string,
  tasks: readonly Task[],
  from: Cursor,
): Promise<Segment> {
  for (;;) {
    const segment = walkSegment(run, host, tasks, from);
    if (!(await run.lookAtWanted())) return segment;
  }
}

/** One walk, without waiting; facts that it misses are noted as wanted. */
export function walkSegment(run: Run, host: string, tasks: readonly Task[], from: Cursor): Segment {
  const outlook = new Outlook(run.ground.kinds);
  const registers = run.registers.copy();
  const placed: Placed[] = [];
  const work: Decision[] = [];

  for (let number = from.task; number < tasks.length; number += 1) {
    const task = tasks[number] as Task;
    const decisions: Decision[] = [];
    const deciding = decide(run.ground, outlook, task, host, registers.of(host));
    let step = deciding.next();
    for (let item = 0; !step.done; item += 1) {
      const decision = step.value;
      const isBehind = number === from.task && item < from.item;
      if (!isBehind && work.length > 0 && mustStandFirst(outlook, decision, work))
        return { placed, next: { task: number, item } };
      decisions.push(decision);
      if (!isBehind && isWork(decision)) {
        work.push(decision);
        addToOutlook(outlook, decision);
      }
      step = deciding.next();
      if (isBehind) continue;
      placed.push({ decision, at: { task: number, item }, isLast: step.done === true });
      if (isWork(decision) && mustStandLast(decision))
        return { placed, next: step.done ? { task: number + 1, item: 0 } : { task: number, item: item + 1 } };
    }
    if (task.register !== undefined) {
      const isDue = decisions.some((decision) => work.includes(decision));
      registers.set(host, task.register, isDue ? notYet(task) : registeredTask(decisions, []));
    }
  }
  return { placed, next: { task: tasks.length, item: 0 } };
}

/** Whether there is something to do: a change, a run, a wait. */
export function isWork(decision: Decision): boolean {
  return decision.change.action !== 'none';
}

export function isWaiting(decision: Decision): boolean {
  const { view, change, resource, args } = decision;
  if (!view || change.action === 'unknown' || change.action === 'blocked' || !isWork(decision)) return false;
  return resource.commands(args as never, change, view).some((command) => command.kind === 'await');
}

/** It needs what the work before it does, would spoil looking at that again, or is a thing of its own. */
function mustStandFirst(outlook: Outlook, decision: Decision, work: readonly Decision[]): boolean {
  const { change } = decision;
  if (change.action === 'unknown' || change.action === 'blocked') return true;
  if (!isWork(decision)) return false;
  if (isAlone(decision)) return true;
  return work.some((before) =>
    before.change.action === 'run'
      ? false
      : before.needs.some((n) => outlook.disturbs(decision.touches, decision.on, n.host, n.request)),
  );
}

/** What follows must wait: its outcome is judged first, or it is a thing of its own. */
function mustStandLast(decision: Decision): boolean {
  const { task, change } = decision;
  if (change.action === 'unknown' || change.action === 'blocked') return true;
  return (
    isAlone(decision) ||
    task.ignoreErrors ||
    task.retry !== undefined ||
    (task.judges?.includes('failed') ?? false)
  );
}

function isAlone(decision: Decision): boolean {
  return decision.resource.scope === 'cluster' || decision.on !== decision.host || isWaiting(decision);
}
