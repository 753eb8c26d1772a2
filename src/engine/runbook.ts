import { gravest, type Outcome } from '../core/outcome.ts';
import type { Advice, Invariant, Step, StepRef } from '../core/runbook.ts';
import { adviceOf } from './runbook-advice.ts';
import { type RunbookContext, type StepEnd, stepRef } from './runbook-context.ts';
import { refuseFrom } from './runbook-from.ts';
import { recordRegisters } from './runbook-record.ts';
import { doStep, judge } from './runbook-step.ts';

/** How a runbook ended, for those who have to go on from there. */
export interface RunbookEnd {
  readonly outcome: Outcome;
  readonly done: readonly StepRef[];
  /** The step that it stopped at, and why; whether anything of it was begun. */
  readonly at?: { readonly step: Step; readonly end: StepEnd; readonly begun: boolean };
  readonly left: readonly StepRef[];
  /** What the steps have said, of those before the run was taken up, too. */
  readonly advice: readonly Advice[];
}

/** Goes through a runbook from one step on. Between two steps the invariants hold, and the lost stay silent. */
export async function runRunbook(context: RunbookContext, from = 1): Promise<RunbookEnd> {
  const { runbook } = context;
  const ended = new Map<Step, StepEnd>();
  const steps = runbook.steps.filter(({ number }) => number >= from);
  context.emit({
    type: 'runbook',
    name: runbook.name,
    steps: runbook.steps.map((step) => stepRef(runbook, step)),
    objectives: runbook.objectives,
  });
  for (const host of context.hosts) context.recaps.see(host);
  const refused = await refuseFrom(context, from);
  let at: RunbookEnd['at'] = refused && { ...refused, begun: false };
  for (const step of at ? [] : steps) {
    if (context.past.done.has(step.id)) {
      ended.set(step, { outcome: 'done' });
      continue;
    }
    const sent = context.engine.batches;
    const end = await oneStep(context, step);
    ended.set(step, end);
    if (mayGoOn(step, end)) continue;
    at = { step, end, begun: hasBegun(context, step.id, sent) };
    break;
  }
  const last = runbook.steps.at(-1);
  const broken = at || !last ? undefined : await invariants(context, context.runbook.invariants, last);
  if (broken && last) at = { step: last, end: broken, begun: true };
  const end = endOf(context, ended, at);
  await context.engine.finish(end.outcome);
  return end;
}

async function oneStep(context: RunbookContext, step: Step): Promise<StepEnd> {
  const { clock, runbook } = context;
  const begun = clock.now();
  const ref = stepRef(runbook, step);
  if (context.signal.aborted)
    return { outcome: 'stopped', reason: 'stopped by the operator before it began' };
  context.emit({ type: 'step', step: ref, hosts: step.hosts, undo: false });
  const end = (await before(context, step)) ?? (await doStep(context, step));
  const { outcome, reason } = end;
  const durationMs = clock.now() - begun;
  // Before its end is told, and so recorded: a step that is done is never without what it found out.
  await recordRegisters(context, step.id);
  context.emit({
    type: 'step-ended',
    step: ref,
    outcome,
    ...(reason === undefined ? {} : { reason }),
    durationMs,
    undo: false,
  });
  return end;
}

/** Whether something of a step was sent to a host, now or before the run was taken up. */
export function hasBegun({ engine, past }: RunbookContext, id: string, sent: number): boolean {
  return engine.batches > sent || past.begun.has(id);
}

/** Why a step must not begin. */
async function before(context: RunbookContext, step: Step): Promise<StepEnd | undefined> {
  const back = await returned(context);
  if (back) return back;
  const broken = await invariants(context, context.runbook.invariants, step);
  if (broken) return broken;
  const goesOn = await context.operator.proceed(step);
  return goesOn ? undefined : { outcome: 'stopped', reason: 'the operator did not begin it' };
}

/** A host that was declared gone, and is not: nobody knows what it does to the others. */
export async function returned({ runbook, answers }: RunbookContext): Promise<StepEnd | undefined> {
  const signs = await Promise.all(runbook.lost.map(async (host) => ({ host, sign: await answers(host) })));
  const alive = signs.filter(({ sign }) => sign !== undefined);
  if (alive.length === 0) return undefined;
  const names = alive.map(({ host, sign }) => `${host} (${sign})`).join(', ');
  return {
    outcome: 'guarded',
    reason: `declared lost, and yet it answers: ${names}. Power it off, or run without --lost`,
  };
}

/** The first of them that does not hold. */
export async function invariants(
  context: RunbookContext,
  all: readonly Invariant[],
  step: Step,
): Promise<StepEnd | undefined> {
  for (const checks of all) {
    const broken = await judge(context, step, 'invariant', checks);
    if (broken) return broken;
  }
  return undefined;
}

function mayGoOn({ onFailure }: Step, { outcome }: StepEnd): boolean {
  if (outcome === 'done' || outcome === 'skipped') return true;
  return onFailure === 'continue' && (outcome === 'failed' || outcome === 'timed-out');
}

function endOf(context: RunbookContext, ended: ReadonlyMap<Step, StepEnd>, at: RunbookEnd['at']): RunbookEnd {
  const { runbook } = context;
  const outcomes = [...ended.values(), ...(at ? [at.end] : [])].map(({ outcome }) => outcome);
  const done = [...ended].filter(([, end]) => end.outcome === 'done').map(([step]) => stepRef(runbook, step));
  const left = at ? runbook.steps.filter(({ number }) => number > at.step.number) : [];
  const outcome = gravest(outcomes.filter((one) => one !== 'skipped'));
  return {
    outcome:
      outcome === 'stopped' && done.length === 0 && context.engine.batches === 0 ? 'interrupted' : outcome,
    done,
    ...(at ? { at } : {}),
    left: left.map((step) => stepRef(runbook, step)),
    advice: adviceOf(context),
  };
}
