// What a recovery came to, beside the objectives of the document. The tests of recoveries note it; `npm run objectives` makes
// docs/recovery-objectives.md of it.
import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';

export interface Recovery {
  /** Of the document, 1 to 4; 0 for what the document does not have. */
  readonly scenario: number;
  readonly happened: string;
  readonly runbook: string;
  /** From the start of the runbook until a commit was acknowledged, or the rows could be read; where service never ended, the longest pause of it. */
  readonly serviceSeconds: number;
  /** From its start to its end: replicas stream, a segment is archived, a new backup is verified. */
  readonly doneSeconds: number;
  readonly lost: Loss;
}

/** What had been acknowledged and is not there. */
export interface Loss {
  readonly commits: number;
  /** Between the newest commit that is there and the newest that had been acknowledged. */
  readonly seconds: number;
}

/** Appends to the file that FANOPS_OBJECTIVES names; without it, nothing is noted. */
export function noteRecovery(recovery: Recovery): void {
  const file = process.env.FANOPS_OBJECTIVES;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(recovery)}\n`);
}

/** How long it took, s. */
export function timed(act: () => void): number {
  const begun = performance.now();
  act();
  return (performance.now() - begun) / 1000;
}
