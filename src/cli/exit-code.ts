import type { Outcome } from '../core/outcome.ts';

const CODES: { readonly [outcome in Outcome]: number } = {
  done: 0,
  mistake: 1,
  'changes-pending': 2,
  failed: 3,
  unreachable: 4,
  guarded: 5,
  stopped: 6,
  'in-doubt': 7,
  stale: 8,
  leased: 9,
  'timed-out': 10,
  bug: 70,
  interrupted: 130,
};

/** The exit code that tells an outcome to scripts. Used by `main` alone. */
export function exitCode(outcome: Outcome): number {
  return CODES[outcome];
}
