import type { Outcome } from '../core/outcome.ts';
import type { Composition } from './wiring.ts';

/** Of a run that did not come to its end: which it was, and what to type. */
export function tellHowToGoOn({ console, recording }: Composition, outcome: Outcome): void {
  const journal = recording?.journal;
  if (!journal?.isBegun || outcome === 'done' || outcome === 'leased') return;
  console.err(`\nrun ${journal.run}: ${outcome}. To see what happened: fanops runs show ${journal.run}\n`);
  console.err(`To go on where it stopped: fanops resume ${journal.run}\n`);
}
