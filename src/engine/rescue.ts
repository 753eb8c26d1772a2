import type { Failure } from '../core/event.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Value } from '../core/value.ts';
import type { Course } from './course.ts';
import { type Decision, taskLabel } from './decision.ts';
import type { ItemOutcome } from './item-outcome.ts';
import type { Run } from './run.ts';
import type { Placed } from './segment.ts';

/** The task at which a host could not go on, and why. */
export interface FailedTask {
  /** Where it stands in the play. */
  readonly at: number;
  readonly decision: Decision;
  readonly failure: Failure;
}

export function failedTask({ decision, at }: Placed, { failure }: ItemOutcome): FailedTask | undefined {
  return failure && { at: at.task, decision, failure };
}

/**
 * Only what failed, or took too long, leads to `rescue` and `always`. A host that is lost, in doubt, stopped or
 * stale is left as it is: nobody knows what a rescue would find there.
 */
function leadsOn({ outcome }: Failure): boolean {
  return outcome === 'failed' || outcome === 'timed-out';
}

export function isForRescue(course: Course, { task }: Decision, { outcome, failure }: ItemOutcome): boolean {
  return failure !== undefined && outcome !== 'ignored' && leadsOn(failure) && course.isRescuable(task);
}

export function rescued(outcome: ItemOutcome): ItemOutcome {
  return { ...outcome, outcome: 'rescued' };
}

/** Goes on where a failure leads, and lets the rescue know of it. Says how the host ended when it leads nowhere. */
export function goOnAfter(
  run: Run,
  host: string,
  course: Course,
  { at, decision, failure }: FailedTask,
): Outcome | undefined {
  if (!leadsOn(failure)) return failure.outcome;
  run.registers.set(host, 'failed_task', {
    name: taskLabel(decision.task),
    resource: decision.task.resource,
  });
  run.registers.set(host, 'failed_result', resultOf(failure));
  if (decision.task.sensitive) run.registers.close('failed_result');
  return course.fail(at, failure.outcome);
}

function resultOf({ message, status, stdout, stderr }: Failure): Value {
  return { message, status: status ?? -1, stdout: stdout ?? '', stderr: stderr ?? '' };
}
