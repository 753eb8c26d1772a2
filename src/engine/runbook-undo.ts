import { gravest } from '../core/outcome.ts';
import type { Runbook, Step, StepRef } from '../core/runbook.ts';
import { hasBegun, invariants, type RunbookEnd, returned } from './runbook.ts';
import { adviceOf } from './runbook-advice.ts';
import { type RunbookContext, type StepEnd, stepRef } from './runbook-context.ts';
import { recordRegisters } from './runbook-record.ts';
import { doStep } from './runbook-step.ts';

/**
 * Takes back steps that were done, the last first, until one that has no way back. What the run had found out is in
 * the registers; it is recorded before anything is done, so that going back can be taken up as well.
 */
export async function undoRunbook(context: RunbookContext, done: readonly Step[]): Promise<RunbookEnd> {
  const { runbook } = context;
  const undone: Step[] = [];
  const steps = done.toReversed();
  context.emit({
    type: 'runbook',
    name: `${runbook.name}: going back`,
    steps: steps.map((step) => backRef(runbook, step)),
    objectives: {},
  });
  if (context.journal.past.length === 0) await recordRegisters(context, 'before');
  let at: RunbookEnd['at'];
  for (const step of steps) {
    const sent = context.engine.batches;
    const end = context.past.done.has(backRef(runbook, step).id)
      ? { outcome: 'done' as const }
      : await oneBack(context, step);
    if (end.outcome !== 'done' && end.outcome !== 'skipped') {
      at = { step, end, begun: hasBegun(context, step.undo?.id ?? step.id, sent) };
      break;
    }
    undone.push(step);
  }
  const reached = steps.indexOf(at?.step ?? (undone.at(-1) as Step));
  const outcome = gravest(at && at.end.outcome !== 'skipped' ? [at.end.outcome] : []);
  await context.engine.finish(outcome);
  return {
    outcome,
    done: undone.map((step) => stepRef(runbook, step)),
    ...(at ? { at } : {}),
    left: steps.slice(reached + 1).map((step) => stepRef(runbook, step)),
    advice: adviceOf(context),
  };
}

async function oneBack(context: RunbookContext, step: Step): Promise<StepEnd> {
  const { runbook, clock } = context;
  const begun = clock.now();
  const ref = backRef(runbook, step);
  context.emit({ type: 'step', step: ref, hosts: step.undo?.hosts ?? step.hosts, undo: true });
  const end = await takeBack(context, step);
  const { outcome, reason } = end;
  const durationMs = clock.now() - begun;
  await recordRegisters(context, ref.id);
  const why = reason === undefined ? {} : { reason };
  context.emit({ type: 'step-ended', step: ref, outcome, ...why, durationMs, undo: true });
  return end;
}

/** The step by its own name, known in the record by what takes it back. */
function backRef(runbook: Runbook, step: Step): StepRef {
  return { ...stepRef(runbook, step), id: step.undo?.id ?? step.id };
}

async function takeBack(context: RunbookContext, step: Step): Promise<StepEnd> {
  if (context.signal.aborted) return { outcome: 'stopped', reason: 'stopped by the operator' };
  if (!step.undo && !changesSomething(step)) return { outcome: 'skipped', reason: 'it changes nothing' };
  if (!step.undo) return { outcome: 'guarded', reason: 'it has no way back (`undo`)' };
  const back = await returned(context);
  if (back) return back;
  const still = context.runbook.invariants.filter(({ whenGoingBack }) => whenGoingBack);
  const broken = await invariants(context, still, step);
  if (broken) return broken;
  const goesOn = await context.operator.proceed(step);
  if (!goesOn) return { outcome: 'stopped', reason: 'the operator did not begin it' };
  return doStep(context, step.undo);
}

/** A step without tasks only looked. */
function changesSomething({ play }: Step): boolean {
  return play.tasks.length > 0;
}
