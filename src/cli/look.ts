import type { Plan } from '../core/plan.ts';
import { onInterrupt } from './interrupts.ts';
import type { Composition } from './wiring.ts';

/** Plans under the eyes of a reporter. The first ^C ends it: nothing has begun, nothing is left behind. */
export async function look(composition: Composition): Promise<Plan | 'interrupted'> {
  const reporter = await composition.openReporter();
  const { promise: interrupted, resolve } = Promise.withResolvers<'interrupted'>();
  const stop = () => resolve('interrupted');
  const ignore = onInterrupt({ first: stop, second: stop, third: stop });
  try {
    return await Promise.race([composition.engine.plan(), interrupted]);
  } finally {
    ignore();
    await reporter.close();
  }
}
