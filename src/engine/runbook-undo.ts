import { gravest } from '../core/outcome.ts';
import type { Step } from '../core/runbook.ts';
import type { RunbookEnd } from './runbook.ts';
import { type RunbookContext, type StepEnd, stepRef } from './runbook-context.ts';
import { doStep } from './runbook-step.ts';

/** Takes back steps that were done, the last first, until one that has no way back. */
export async function undoRunbook(context: RunbookContext, done: readonly Step[]): Promise<RunbookEnd> {
  const { runbook, clock } = context;
  const undone: Step[] = [];
  const steps = done.toReversed();
  context.emit({
    type: 'runbook',
    name: `${runbook.name}: going back`,
    steps: steps.map((step) => stepRef(runbook, step)),
    objectives: {},
  });
  let at: RunbookEnd['at'];
  for (const step of steps) {
    const begun = clock.now();
    const ref = stepRef(runbook, step);
    const hosts = step.undo?.hosts ?? step.hosts;
    context.emit({ type: 'step', step: ref, hosts, undo: true });
    const end = await takeBack(context, step);
    const { outcome, reason } = end;
    const durationMs = clock.now() - begun;
    const why = reason === undefined ? {} : { reason };
    context.emit({ type: 'step-ended', step: ref, outcome, ...why, durationMs, undo: true });
    if (outcome !== 'done' && outcome !== 'skipped') {
      at = { step, end, begun: true };
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
  };
}

async function takeBack(context: RunbookContext, step: Step): Promise<StepEnd> {
  if (context.signal.aborted) return { outcome: 'stopped', reason: 'stopped by the operator' };
  if (!step.undo && !changesSomething(step)) return { outcome: 'skipped', reason: 'it changes nothing' };
  if (!step.undo) return { outcome: 'guarded', reason: 'it has no way back (`undo`)' };
  const goesOn = await context.operator.proceed(step);
  if (!goesOn) return { outcome: 'stopped', reason: 'the operator did not begin it' };
  return doStep(context, step.undo);
}

/** A step without tasks only looked. */
function changesSomething({ play }: Step): boolean {
  return play.tasks.length > 0;
}
