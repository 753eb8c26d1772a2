import type { StepOutcome } from '../core/event.ts';
import type { Task } from '../core/task.ts';
import type { Course, Cursor } from './course.ts';
import type { Decision } from './decision.ts';
import { idOf } from './item-id.ts';
import { finishItem, type ItemOutcome } from './item-outcome.ts';
import { recordItem } from './recorded.ts';
import { registeredTask } from './registered.ts';
import { endedBefore } from './replay.ts';
import { type FailedTask, failedTask, goOnAfter, isForRescue, rescued } from './rescue.ts';
import type { Run } from './run.ts';
import { isWork, nextSegment, type Placed } from './segment.ts';
import { workThrough } from './work.ts';

export interface CarriedOut {
  readonly decision: Decision;
  /** A failure may have changed something before it failed. */
  readonly effect: 'changed' | 'perhaps' | 'none';
  /** The hosts that were given commands, and so keep notes of its handlers. */
  readonly keepers: readonly string[];
}

/** What a host did, and the last failure after which it went on elsewhere or not at all. */
export interface Walked {
  /** The decisions that were carried out, and whether they changed something, for their handlers. */
  readonly carriedOut: readonly CarriedOut[];
  readonly failure?: FailedTask;
}

/**
 * Walks one host through tasks up to `until`: look, decide, do, look again, until the end or until it cannot
 * go on. A failure leads to its block's `rescue` and `always`, as the course says. Why a host could not go on
 * is kept in `run.ended`.
 */
export async function walkHost(
  run: Run,
  host: string,
  course: Course,
  until: number,
  handler = false,
): Promise<Walked> {
  const carriedOut: CarriedOut[] = [];
  const behind = new Map<number, { decisions: Decision[]; outcomes: ItemOutcome[] }>();
  let last: FailedTask | undefined;

  const settle = (placed: Placed, outcome: ItemOutcome): void => {
    finishItem(run, placed.decision, outcome, handler);
    const task = behind.get(placed.at.task) ?? { decisions: [], outcomes: [] };
    task.decisions.push(outcome.fresh ?? placed.decision);
    task.outcomes.push(outcome);
    behind.set(placed.at.task, task);
    const what = outcome.before ?? {
      effect: effectOf(outcome),
      keepers: keepersOf(placed.decision, outcome),
      wasWork: isWork(placed.decision) || outcome.outcome === 'changed',
    };
    if (!outcome.before) recordItem(run, placed.decision, outcome, handler, what);
    if (what.wasWork) carriedOut.push({ decision: placed.decision, ...what });
    if (placed.isLast || isUnfinished(outcome)) finishTask(run, host, task.decisions, task.outcomes);
    if (outcome.failure) run.offPlan.add(host);
  };

  const goOn = (failure: FailedTask | undefined, next: Cursor): void => {
    last = failure ?? last;
    const ended = failure ? goOnAfter(run, host, course, failure) : course.advance(next);
    if (ended !== undefined) run.ended.set(host, ended);
  };

  while (course.cursor.task < until && !run.ended.has(host)) {
    if (run.signal?.aborted) {
      run.ended.set(host, 'stopped');
      break;
    }
    const past = endedBefore(run, host, course);
    if (past) {
      if ('empty' in past) register(run, host, past.empty, [], []);
      else settle(past.placed, past.outcome);
      goOn(
        'empty' in past || !isUnfinished(past.outcome) ? undefined : failedTask(past.placed, past.outcome),
        past.next,
      );
      continue;
    }
    const segment = await nextSegment(run, host, course, until);
    const lost = run.contacts.whyLost(host);
    if (lost !== undefined) {
      run.ended.set(host, 'unreachable');
      run.recaps.unreachable(host);
      break;
    }
    const work = segment.placed.filter((p) => isWork(p.decision));
    // Stopped while the host was looked at.
    if (work.length > 0 && run.signal?.aborted) continue;
    for (const task of segment.empty) register(run, host, task, [], []);
    const outcomes = await workThrough(run, work, handler);
    let failure: FailedTask | undefined;
    for (const placed of segment.placed) {
      const given = isWork(placed.decision) ? outcomes.get(placed) : unchanged(run, placed.decision);
      if (!given) break;
      const outcome = isForRescue(course, placed.decision, given) ? rescued(given) : given;
      settle(placed, outcome);
      if (!isUnfinished(outcome)) continue;
      failure = failedTask(placed, outcome);
      break;
    }
    goOn(failure, nextCursor(segment.next, segment.placed, outcomes));
  }
  return { carriedOut, ...(last && { failure: last }) };
}

/** After a failure that is ignored, the rest of its batch has not been done: go on right behind it. */
function nextCursor(
  next: Cursor,
  placed: readonly Placed[],
  outcomes: ReadonlyMap<Placed, ItemOutcome>,
): Cursor {
  const open = placed.find((p) => isWork(p.decision) && !outcomes.has(p));
  return open ? open.at : next;
}

function effectOf({ outcome, failure, outputs }: ItemOutcome): CarriedOut['effect'] {
  if (outcome === 'changed') return 'changed';
  if (outcome === 'unknown') return 'perhaps';
  const wasBegun =
    outputs.length > 0 || failure?.outcome === 'unreachable' || failure?.outcome === 'in-doubt';
  return failure && wasBegun ? 'perhaps' : 'none';
}

function keepersOf(
  { on, view, resource }: Decision,
  { outcome, outputs, failure }: ItemOutcome,
): readonly string[] {
  if (outputs.length === 0 && !failure && outcome !== 'unknown') return [];
  return resource.scope === 'cluster' ? (view?.members ?? [on]) : [on];
}

function isUnfinished(outcome: ItemOutcome | undefined): boolean {
  return outcome?.failure !== undefined && outcome.outcome !== 'ignored';
}

/** As declared already: also by what was begun before the run was taken up. */
function unchanged(run: Run, decision: Decision): ItemOutcome {
  if (run.past.batches.wasBegun(idOf(decision))) return { outcome: 'changed', outputs: [], fresh: decision };
  return {
    outcome: decision.skipped === undefined ? 'ok' : 'skipped',
    outputs: [],
    ...(decision.skipped === undefined ? {} : { reason: decision.skipped }),
  };
}

function finishTask(
  run: Run,
  host: string,
  decisions: readonly Decision[],
  outcomes: readonly ItemOutcome[],
): void {
  run.recaps.count(
    host,
    outcomes.map((o): StepOutcome => o.outcome),
  );
  const task = decisions[0]?.task;
  if (task) register(run, host, task, decisions, outcomes);
}

function register(
  run: Run,
  host: string,
  task: Task,
  decisions: readonly Decision[],
  outcomes: readonly ItemOutcome[],
): void {
  if (task.register === undefined) return;
  const value = registeredTask(
    decisions,
    outcomes.map((o) => ({
      changed: o.outcome === 'changed',
      failed: o.failure !== undefined,
      outputs: o.outputs,
      ...(o.before?.value === undefined ? {} : { before: o.before.value }),
    })),
  );
  run.registers.set(host, task.register, value);
  if (task.sensitive) run.registers.close(task.register);
}
