import type { StreamOptions } from '../core/session.ts';
import type { RenderedItem } from '../core/task.ts';
import { batchFailed } from './failure.ts';
import type { ItemOutcome } from './item-outcome.ts';
import { isUnreachable } from './looking.ts';
import type { Run } from './run.ts';

/** Streams run by the task's account, and are given up when the operator insists. */
export function streamOptions(run: Run, item: RenderedItem | undefined): StreamOptions {
  return { signal: run.ending, ...(item?.as === undefined ? {} : { as: item.as }) };
}

/** How a task ended whose stream broke. */
export function streamFailed(run: Run, error: unknown, display: string): ItemOutcome {
  if (run.ending.aborted) {
    const failure = batchFailed('stopped', 'it was given up half-way', display, undefined, run);
    return { outcome: 'failed', outputs: [], failure };
  }
  const reason = error instanceof Error ? error.message : String(error);
  if (!isUnreachable(error))
    return {
      outcome: 'failed',
      outputs: [],
      failure: batchFailed('failed', reason, display, undefined, run),
    };
  run.contacts.lose(error.host, reason);
  const failure = batchFailed('unreachable', reason, display, undefined, run);
  return { outcome: 'unreachable', outputs: [], failure };
}
