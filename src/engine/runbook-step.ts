import { InputError } from '../core/diagnostic.ts';
import type { RunEvent } from '../core/event.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import type { CheckKind, Checks, Step } from '../core/runbook.ts';
import type { Play, Task } from '../core/task.ts';
import { Unknown } from '../core/value.ts';
import { brokenText } from './failure.ts';
import { partOf } from './part.ts';
import { advise, presentHosts } from './runbook-advice.ts';
import { evaluate, lookAt, onHosts, outcomeOf, share } from './runbook-checks.ts';
import { type Confirmation, type RunbookContext, type StepEnd, stepRef } from './runbook-context.ts';
import { verify } from './runbook-verify.ts';
import { stepTimer } from './step-timer.ts';

/** Does one step. One that breaks on what an earlier one found out has failed, and the runbook ends with it. */
export async function doStep(context: RunbookContext, step: Step): Promise<StepEnd> {
  try {
    return await inOrder(context, step);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { outcome: 'failed', reason: brokenText(error) };
  }
}

/** Looks, judges its guards, shows what it will do, has it confirmed, does it, verifies. */
async function inOrder(context: RunbookContext, step: Step): Promise<StepEnd> {
  const begun = context.past.begun.get(step.id);
  if (begun) return carryOut(context, step, onHosts(step.play, begun), undefined, begun);
  const hosts = await takingPart(context, step);
  if (!Array.isArray(hosts)) return hosts as StepEnd;
  const refused = await judge(context, step, 'guard', step.guard, hosts);
  if (refused) return refused;
  const play = onHosts(step.play, hosts);
  const planned = await context.engine.plan(partOf(context.runbook.file, play, context.registers));
  context.operator.show(step, planned);
  const unconfirmed = await confirmed(context, step, hosts);
  if (unconfirmed) return unconfirmed;
  return carryOut(context, step, play, planned, hosts);
}

/** The hosts of a step for which its `when` holds, or why the step does not begin. */
async function takingPart(context: RunbookContext, step: Step): Promise<readonly string[] | StepEnd> {
  const { runbook } = context;
  if (step.hosts.length === 0) {
    const { allHosts } = step.play;
    const reason = allHosts.length === 0 ? 'it has no host' : `no host is left of ${allHosts.join(', ')}`;
    return {
      outcome: 'skipped',
      reason: runbook.lost.length === 0 ? reason : `${reason}; lost: ${runbook.lost.join(', ')}`,
    };
  }
  // Guards look for themselves.
  const present = await presentHosts(context, step);
  if (present.length === 0) return { outcome: 'skipped', reason: 'none of its hosts could be reached' };
  const troubles = step.look && (step.when || !step.guard) ? await lookAt(context, step.look, present) : [];
  const [trouble] = troubles;
  if (trouble)
    return { outcome: trouble.outcome, reason: `could not look: ${trouble.host}: ${trouble.text}` };
  if (!step.when) return present;
  const taking: string[] = [];
  for (const host of present) {
    const holds = askWhen(context, step.when, host);
    if (holds instanceof InputError) return { outcome: 'failed', reason: brokenText(holds) };
    if (holds instanceof Unknown)
      return { outcome: 'failed', reason: `\`when\` depends on "${holds.after}", which has not been done` };
    if (holds === true) taking.push(host);
  }
  return taking.length > 0 ? taking : { outcome: 'skipped', reason: '`when` does not hold' };
}

/** Why not to go on; undefined when everything holds. */
export async function judge(
  context: RunbookContext,
  step: Step,
  what: CheckKind,
  checks: Checks | undefined,
  hosts?: readonly string[],
): Promise<StepEnd | undefined> {
  if (!checks) return undefined;
  const judgements = await evaluate(context, checks, hosts);
  context.emit({ type: 'judged', what, step: stepRef(context.runbook, step), judgements });
  const outcome = outcomeOf(context, judgements);
  if (outcome === 'done') return undefined;
  const open = judgements.filter(({ state }) => state !== 'holds');
  const reason = what === 'guard' ? 'a guard refused: nothing of it was done' : 'an invariant does not hold';
  return { outcome, reason, judgements: open };
}

/** What was confirmed a while ago is looked at again: the guards must hold when it is done, not when it was asked. */
async function confirmed(
  context: RunbookContext,
  step: Step,
  hosts: readonly string[],
): Promise<StepEnd | undefined> {
  const [first] = hosts;
  if (!step.confirm || first === undefined) return undefined;
  const asked = confirmationOf(context, step.confirm, first);
  if (asked instanceof InputError) return { outcome: 'failed', reason: brokenText(asked) };
  if (asked instanceof Unknown)
    return { outcome: 'failed', reason: `what to type depends on "${asked.after}", which has not been done` };
  const how = await context.operator.confirm(step, asked);
  if (!how) return { outcome: 'stopped', reason: 'it was not confirmed: nothing of it was done' };
  context.emit({ type: 'confirmed', step: stepRef(context.runbook, step), text: asked.text, how });
  return judge(context, step, 'guard', step.guard, hosts);
}

/** What has to be typed, as rendered for one host. */
export function confirmationOf(
  context: Asking,
  confirm: Task,
  host: string,
): Confirmation | Unknown | InputError {
  const args = ask(context, confirm, host, (item) => item.args);
  if (args instanceof InputError || args instanceof Unknown) return args;
  const { text, message } = args ?? {};
  if (text instanceof Unknown) return text;
  return {
    text: String(text ?? '').trim(),
    ...(typeof message === 'string' ? { message: message.trim() } : {}),
  };
}

/** Whether a host takes part. */
export function askWhen(
  context: Asking,
  when: Task,
  host: string,
): boolean | Unknown | InputError | undefined {
  return ask(context, when, host, (item) => item.when);
}

type Asking = Pick<RunbookContext, 'engine' | 'registers'>;

function ask<T>(
  { engine, registers }: Asking,
  task: Task,
  host: string,
  read: (item: Exclude<ReturnType<Task['render']>, Unknown>[number]) => T,
): T | Unknown | InputError | undefined {
  try {
    const items = task.render({ host, registers: registers.of(host), facts: engine.facts(host) });
    if (items instanceof Unknown) return items;
    return items[0] && read(items[0]);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

async function carryOut(
  context: RunbookContext,
  step: Step,
  play: Play,
  planned: Plan | undefined,
  hosts: readonly string[],
): Promise<StepEnd> {
  const timer = stepTimer(context, step);
  try {
    const outcome = await applyPlay(context, step, play, planned, timer.signal);
    const done = timer.isOver() && outcome === 'stopped' ? 'timed-out' : outcome;
    if (done !== 'done') return await failed(context, step, { outcome: done, ...timer.reason(done) });
    if (!step.verify) return { outcome: 'done' };
    const end = await verify(context, step, step.verify, hosts, timer.signal);
    if (end.outcome === 'done') return end;
    const seen = timer.isOver()
      ? { ...end, outcome: 'timed-out' as const, ...timer.reason('timed-out') }
      : end;
    return await failed(context, step, seen);
  } finally {
    timer.stop();
  }
}

/** Applies what was planned, or goes on with what had begun; of a play's own beginning and end nothing is told. */
async function applyPlay(
  context: RunbookContext,
  step: Step,
  play: Play,
  planned: Plan | undefined,
  signal: AbortSignal,
  isFresh = false,
): Promise<Outcome> {
  const { engine, registers, recaps, runbook } = context;
  const emit = (event: RunEvent): void => {
    if (event.type === 'advice') advise(context, step, event.host, event.text, event.isTold);
    else if (event.type !== 'play' && event.type !== 'finished') context.emit(event);
  };
  const part = partOf(runbook.file, play, registers, { recaps, signal, emit, isFresh });
  const { outcome } = await (planned ? engine.apply(planned, part) : engine.goOn(part));
  share(context, play);
  return outcome;
}

/** Runs what the step says for this case; the step has failed all the same. */
async function failed(context: RunbookContext, step: Step, end: StepEnd): Promise<StepEnd> {
  if (typeof step.onFailure === 'string' || context.signal.aborted) return end;
  const why = await failedToo(context, step, step.onFailure);
  return why === undefined ? end : { ...end, reason: `${end.reason ?? 'it failed'}; and ${why}` };
}

/** Why what the step says for this case was not done; undefined when it was. */
async function failedToo(context: RunbookContext, step: Step, play: Play): Promise<string | undefined> {
  const { engine, runbook, registers } = context;
  context.emit({ type: 'warning', text: `step ${step.number} failed: doing what it says for that case` });
  try {
    const planned = await engine.plan(partOf(runbook.file, play, registers));
    const outcome = await applyPlay(context, step, play, planned, context.signal, true);
    return outcome === 'done' ? undefined : 'what it says for that case (on_failure) failed too';
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `what it says for that case (on_failure) is broken: ${brokenText(error)}`;
  }
}
