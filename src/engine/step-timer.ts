import type { Outcome } from '../core/outcome.ts';
import type { Step } from '../core/runbook.ts';
import type { RunbookContext } from './runbook-context.ts';

export interface StepTimer {
  /** Given by the operator, or when the time of the step is over. */
  readonly signal: AbortSignal;
  isOver(): boolean;
  reason(outcome: Outcome): { readonly reason?: string };
  stop(): void;
}

/** Ends what runs when a step takes longer than its `timeout`. */
export function stepTimer({ engine, clock, signal }: RunbookContext, { timeoutMs }: Step): StepTimer {
  const over = new AbortController();
  const ended = new AbortController();
  if (timeoutMs !== undefined)
    void clock.sleep(timeoutMs, ended.signal).then(async () => {
      if (ended.signal.aborted) return;
      over.abort();
      await engine.cancel();
    });
  return {
    signal: AbortSignal.any([signal, over.signal]),
    isOver: () => over.signal.aborted,
    reason: (outcome) =>
      outcome === 'timed-out' && over.signal.aborted
        ? { reason: `it took longer than ${(timeoutMs ?? 0) / 1000} s, its timeout` }
        : {},
    stop: () => ended.abort(),
  };
}
