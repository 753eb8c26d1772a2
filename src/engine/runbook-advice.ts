import type { Advice, Runbook, Step } from '../core/runbook.ts';
import { type RunbookContext, stepRef } from './runbook-context.ts';
import type { RunbookPast } from './runbook-record.ts';

/** Tells what a step has to say though it does not fail, and keeps it for the end of the run. */
export function advise(
  { runbook, advice, emit }: RunbookContext,
  step: Step,
  host: string,
  text: string,
  isTold = false,
): void {
  const ref = stepRef(runbook, step);
  advice.push({ step: ref, hosts: [host], text });
  emit({ type: 'advice', step: ref, host, text, isTold });
}

/** What was said before the run was taken up. */
export function adviceBefore(runbook: Runbook, { advised }: RunbookPast): Advice[] {
  const steps = runbook.steps.flatMap((step) => (step.undo ? [step, step.undo] : [step]));
  return advised.flatMap(({ step: id, host, text }) => {
    const step = steps.find((one) => one.id === id);
    return step ? [{ step: stepRef(runbook, step), hosts: [host], text }] : [];
  });
}

/** All that was said, in order; the same on several hosts, and in a step that was tried again, once. */
export function adviceOf({ advice }: Pick<RunbookContext, 'advice'>): readonly Advice[] {
  const alike = Map.groupBy(advice, ({ step, text }) => JSON.stringify([step.id, text]));
  return [...alike.values()].map(([first, ...others]) => ({
    ...(first as Advice),
    hosts: [...new Set([...(first as Advice).hosts, ...others.flatMap(({ hosts }) => hosts)])],
  }));
}

/** The hosts of a step without those that cannot be reached, where it goes without; each of them is told. */
export async function presentHosts(context: RunbookContext, step: Step): Promise<readonly string[]> {
  const { engine } = context;
  const away = await awayHosts(context, step);
  for (const host of away)
    advise(context, step, host, `could not be reached, and took no part: ${engine.whyLost(host)}`);
  return step.hosts.filter((host) => !away.includes(host));
}

/** The hosts that a step goes without, since they cannot be reached. */
export async function awayHosts(
  { engine }: Pick<RunbookContext, 'engine'>,
  { hosts, ignoresUnreachable }: Step,
): Promise<readonly string[]> {
  if (!ignoresUnreachable) return [];
  await engine.regain(hosts);
  return hosts.filter((host) => engine.whyLost(host) !== undefined);
}
