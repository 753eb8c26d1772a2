import type { Outcome } from '../core/outcome.ts';
import type { Play } from '../core/task.ts';
import type { Run } from './run.ts';

/** How a host may end without the others having to stop, where its play says so. */
const BEARABLE: readonly Outcome[] = ['failed', 'timed-out', 'unreachable'];

/**
 * Whether a run must stop at this barrier of a play: by default when any host has ended. A play that bears some
 * failures goes on until more than its share of the batch has failed, or all of it; what is in doubt, stale or
 * stopped by the operator it does not bear.
 */
export function mustStop({ ended }: Run, { maxFailPercentage }: Play, batch: readonly string[]): boolean {
  const outcomes = batch.map((host) => ended.get(host)).filter((outcome) => outcome !== undefined);
  if (outcomes.length === 0) return false;
  if (maxFailPercentage === undefined || outcomes.length === batch.length) return true;
  if (outcomes.some((outcome) => !BEARABLE.includes(outcome))) return true;
  return (outcomes.length * 100) / batch.length > maxFailPercentage;
}
