import type { Judgement, Step, Verify } from '../core/runbook.ts';
import { evaluate } from './runbook-checks.ts';
import { type RunbookContext, type StepEnd, stepRef } from './runbook-context.ts';

/** Looks again and again until the conditions hold or their time is over; tells in one line what it last saw. */
export async function verify(
  context: RunbookContext,
  step: Step,
  wanted: Verify,
  hosts: readonly string[],
  signal: AbortSignal,
): Promise<StepEnd> {
  const { clock, runbook } = context;
  const ref = stepRef(runbook, step);
  const begun = clock.now();
  for (;;) {
    const judgements = await evaluate(context, wanted, hosts);
    const waitedMs = clock.now() - begun;
    const open = judgements.filter(({ state }) => state !== 'holds');
    if (open.length === 0) {
      context.emit({ type: 'judged', what: 'verify', step: ref, judgements });
      return { outcome: 'done' };
    }
    const text = `${openText(open)}, ${seconds(waitedMs)} of ${seconds(wanted.withinMs)} s`;
    const isOver = waitedMs + wanted.everyMs > wanted.withinMs;
    if (signal.aborted || isOver) {
      context.emit({ type: 'judged', what: 'verify', step: ref, judgements });
      return isOver
        ? { outcome: 'timed-out', reason: `it did not become true: ${text}`, judgements: open }
        : { outcome: 'stopped', reason: `stopped while waiting: ${text}`, judgements: open };
    }
    context.emit({ type: 'watching', step: ref, text });
    await clock.sleep(wanted.everyMs, signal);
  }
}

/** `cluster.leader is "db2" (want cluster.leader == 'db1')`, of the first that does not hold. */
export function openText([first, ...more]: readonly Judgement[]): string {
  if (!first) return '';
  const { expression, seen, reason, state } = first;
  const others = more.length === 0 ? '' : ` and ${more.length} more`;
  if (state !== 'broken') return `${expression}: ${reason ?? 'not known'}${others}`;
  return `${seen === undefined ? '' : `${seen}, `}want ${expression}${others}`;
}

function seconds(ms: number): string {
  return String(Math.round(ms / 1000));
}
