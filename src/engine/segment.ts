import { InputError } from '../core/diagnostic.ts';
import type { Task } from '../core/task.ts';
import type { Course, Cursor } from './course.ts';
import { broken, decide } from './decide.ts';
import { type Decision, notYet } from './decision.ts';
import { Outlook } from './outlook.ts';
import { addToOutlook } from './planner.ts';
import { registeredTask } from './registered.ts';
import type { Run } from './run.ts';

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
  /** Tasks that came to nothing at all: a loop over an empty list. */
  readonly empty: readonly Task[];
  readonly next: Cursor;
}

/** Decides from the cursor on until something has to be done before more can be known; looks as needed. */
export async function nextSegment(run: Run, host: string, course: Course, until: number): Promise<Segment> {
  for (;;) {
    const segment = walkSegment(run, host, course, until);
    if (!(await run.lookAtWanted())) return segment;
  }
}

/** One walk, without waiting; facts that it misses are noted as wanted. */
export function walkSegment(run: Run, host: string, course: Course, until: number): Segment {
  const { tasks, cursor: from } = course;
  const outlook = new Outlook(run.ground.kinds);
  const registers = run.registers.copy();
  const placed: Placed[] = [];
  const work: Decision[] = [];
  const empty: Task[] = [];
  let before: Task | undefined;

  for (let number = from.task; number < until; number += 1) {
    const task = tasks[number] as Task;
    const isTurning = work.length > 0 && before !== undefined && course.isTurning(before, task);
    if (isTurning || course.isOverBefore(number)) return { placed, empty, next: { task: number, item: 0 } };
    before = task;
    if (course.isPassedOver(task)) {
      registers.passOver(host, task);
      continue;
    }
    const decisions: Decision[] = [];
    const deciding = decide(run.ground, outlook, task, host, registers.of(host));
    const decideNext = (): IteratorResult<Decision, void> => next(run, deciding, task, host);
    let step = decideNext();
    for (let item = 0; !step.done; item += 1) {
      const decision = step.value;
      const isBehind = number === from.task && item < from.item;
      // It is decided again when this was looked at; until then only what else is to be looked at is of interest.
      if (decision.isUnseen) {
        decisions.push(decision);
        step = decideNext();
        continue;
      }
      if (!isBehind && work.length > 0 && mustStandFirst(outlook, decision, work))
        return { placed, empty, next: { task: number, item } };
      decisions.push(decision);
      if (!isBehind && isWork(decision)) {
        work.push(decision);
        addToOutlook(outlook, decision);
      }
      step = decideNext();
      if (isBehind) continue;
      placed.push({ decision, at: { task: number, item }, isLast: step.done === true });
      if (isWork(decision) && mustStandLast(decision))
        return {
          placed,
          empty,
          next: step.done ? { task: number + 1, item: 0 } : { task: number, item: item + 1 },
        };
    }
    if (decisions.length === 0) empty.push(task);
    if (task.register !== undefined) {
      const isDue = decisions.some((decision) => decision.isUnseen || work.includes(decision));
      registers.set(host, task.register, isDue ? notYet(task) : registeredTask(decisions, []));
    }
  }
  return { placed, empty, next: { task: until, item: 0 } };
}

/** The next decision; a condition that breaks on what was registered in this run is a failure of its task. */
function next(
  run: Run,
  deciding: Generator<Decision, void>,
  task: Task,
  host: string,
): IteratorResult<Decision, void> {
  try {
    return deciding.next();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { done: false, value: broken(run.ground, task, host, error) };
  }
}

/** Whether there is something to do: a change, a run, a wait. */
export function isWork(decision: Decision): boolean {
  return decision.change.action !== 'none';
}

/** It does not run in a batch on the host: it waits, fetches, or copies from another. */
function isOffHost(decision: Decision): boolean {
  const { view, change, resource, args } = decision;
  if (!view || change.action === 'unknown' || change.action === 'blocked' || !isWork(decision)) return false;
  return resource.commands(args as never, change, view).some((command) => command.kind !== 'shell');
}

/** It needs what the work before it does, would spoil looking at that again, or is a thing of its own. */
function mustStandFirst(outlook: Outlook, decision: Decision, work: readonly Decision[]): boolean {
  const { change } = decision;
  if (change.action === 'unknown' || change.action === 'blocked') return true;
  if (!isWork(decision)) return false;
  if (isAlone(decision) || mayReadRegistersOf(work, decision)) return true;
  return work.some((before) =>
    before.change.action === 'run'
      ? false
      : before.needs.some((n) => outlook.disturbs(decision.touches, decision.on, n.host, n.request)),
  );
}

/** Its result is judged as soon as it is there: what the work before it registers must be known by then. */
function mayReadRegistersOf(work: readonly Decision[], { task, change }: Decision): boolean {
  // "changed_when: false" is known from the beginning, and reads nothing.
  const isJudged = task.judges?.includes('failed') || (task.judges?.length && change.risk !== 'reads');
  return isJudged ? work.some((one) => one.task !== task && one.task.register !== undefined) : false;
}

/** What follows must wait: its outcome is judged first, or it is a thing of its own. */
function mustStandLast(decision: Decision): boolean {
  const { task, change } = decision;
  if (change.action === 'unknown' || change.action === 'blocked') return true;
  return isAlone(decision) || task.ignoreErrors || (task.judges?.includes('failed') ?? false);
}

function isAlone(decision: Decision): boolean {
  const { resource, task, on, host } = decision;
  return resource.scope === 'cluster' || task.retry !== undefined || on !== host || isOffHost(decision);
}
