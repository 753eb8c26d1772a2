import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import { abandonedOutcome, watched } from './watched.ts';
import type { Composition } from './wiring.ts';

/** Applies a plan under the eyes of a reporter. */
export async function carryOut(
  composition: Composition,
  planned: Plan,
  stopping: AbortController,
): Promise<Outcome> {
  const reporter = await composition.openReporter();
  try {
    const applied = composition.engine.apply(planned);
    const end = await watched(applied, composition, stopping, (text) => reporter.print(text));
    return end === 'abandoned' ? abandonedOutcome(composition) : end.outcome;
  } finally {
    await reporter.close();
  }
}
