/** How a command of fanops can end. Exit codes are decided once, in `cli`. */
export type Outcome =
  | 'done'
  | 'mistake'
  | 'changes-pending'
  | 'failed'
  | 'unreachable'
  | 'guarded'
  | 'stopped'
  | 'in-doubt'
  | 'stale'
  | 'leased'
  | 'timed-out'
  | 'bug'
  | 'interrupted';

/** Of several outcomes, the first in this order is the one that counts. */
export const GRAVITY: readonly Outcome[] = [
  'bug',
  'in-doubt',
  'unreachable',
  'timed-out',
  'failed',
  'guarded',
  'leased',
  'stale',
  'stopped',
];

/** The gravest of several outcomes; `done` when there is none. */
export function gravest(outcomes: Iterable<Outcome>): Outcome {
  const all = new Set(outcomes);
  return GRAVITY.find((o) => all.has(o)) ?? [...all].find((o) => o !== 'done') ?? 'done';
}
