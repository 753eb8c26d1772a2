import { gravest, type Outcome } from '../core/outcome.ts';
import { type Plan, summarize } from '../core/plan.ts';
import { isEmpty } from '../report/plan-text.ts';

/** What a plan by itself amounts to; `blocked` when apply would refuse it. */
export function planOutcome(planned: Plan, detailed: boolean, blocked: boolean): Outcome {
  const count = summarize(planned);
  return gravest([
    ...(planned.unreachable.length > 0 ? (['unreachable'] as const) : []),
    ...(blocked ? (['failed'] as const) : []),
    ...(detailed && !isEmpty(count) ? (['changes-pending'] as const) : []),
  ]);
}
