import { adviceIn, type Change } from '../core/change.ts';
import type { CommandResult } from '../core/command.ts';
import type { Failure, StepOutcome } from '../core/event.ts';
import type { Value } from '../core/value.ts';
import { type Decision, taskRef } from './decision.ts';
import { shownAddress, shownChange } from './planned-step.ts';
import type { Run } from './run.ts';

/** How one item ended. */
export interface ItemOutcome {
  readonly outcome: StepOutcome;
  readonly outputs: readonly CommandResult[];
  readonly reason?: string;
  readonly failure?: Failure;
  /** The decision with the facts as they are afterwards. */
  readonly fresh?: Decision;
  /** It ended before the run was taken up, and is told again. */
  readonly before?: EndedBefore;
}

export interface EndedBefore {
  readonly effect: 'changed' | 'perhaps' | 'none';
  readonly keepers: readonly string[];
  readonly wasWork: boolean;
  /** What it registered. */
  readonly value?: Value;
}

export function tellAdvice({ masker, told, emit }: Run, host: string, change: Change): void {
  const said = adviceIn(change);
  if (said === undefined) return;
  const text = masker.mask(said);
  emit({ type: 'advice', host, text, isTold: told.includes(text) });
}

/** Tells how an item ended. */
export function finishItem(run: Run, decision: Decision, ended: ItemOutcome, handler: boolean): void {
  const { task, host, item, change } = decision;
  const { outcome, outputs, reason, failure } = ended;
  if (ended.before) return;
  tellAdvice(run, host, shownChange(decision));
  run.emit({
    type: 'end',
    host,
    task: taskRef(task),
    item: run.masker.mask(item?.label ?? ''),
    address: run.masker.mask(shownAddress(decision)),
    outcome,
    change,
    ...(reason === undefined ? {} : { reason }),
    ...(failure === undefined ? {} : { failure }),
    durationMs: outputs.reduce((sum, result) => sum + result.durationMs, 0),
    handler,
    sensitive: task.sensitive,
  });
}
