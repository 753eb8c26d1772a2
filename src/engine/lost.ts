import { batchFailed } from './failure.ts';
import type { ItemOutcome } from './item-outcome.ts';
import type { Run } from './run.ts';

/** It ended without a failure, but nobody could look at what it came to. */
export const UNSEEN: ItemOutcome = {
  outcome: 'unknown',
  outputs: [],
  reason: 'contact was lost before it could be looked at again',
};

/** Contact was not regained; where the operator would not wait for it, nobody knows what the host still does. */
export function lostWith(run: Run, reason: string): ItemOutcome {
  const isGivenUp = run.ending.aborted;
  const failure = batchFailed(isGivenUp ? 'in-doubt' : 'unreachable', reason, undefined, undefined, run);
  return { outcome: isGivenUp ? 'failed' : 'unreachable', outputs: [], failure };
}
