import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import { duration } from '../report/duration.ts';
import { taskTitle } from '../report/event-lines.ts';
import { onInterrupt } from './interrupts.ts';
import type { Composition } from './wiring.ts';

/** First ^C: begin nothing new. Second: end what runs. Third: do not wait for it any longer. */
export async function carryOut(
  composition: Composition,
  planned: Plan,
  stopping: AbortController,
): Promise<Outcome> {
  const { engine } = composition;
  const reporter = await composition.openReporter();
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<{ outcome: Outcome }>();
  const ignore = onInterrupt({
    first() {
      stopping.abort();
      reporter.print(stoppingText(composition));
    },
    second() {
      reporter.print('stopping: ending what runs on the hosts');
      engine.cancel().catch((error: unknown) => reporter.print(`could not end it: ${String(error)}`));
    },
    third: () => abandon({ outcome: 'stopped' }),
  });
  try {
    return (await Promise.race([engine.apply(planned), abandoned])).outcome;
  } finally {
    ignore();
    await reporter.close();
  }
}

function stoppingText({ activities }: Composition): string {
  const now = performance.now();
  const running = activities.running();
  if (running.length === 0) return 'stopping: nothing is running, nothing new begins';
  return [
    'stopping: nothing new begins; still running (^C again ends it):',
    ...running.map(([host, r]) => `  ${host}: ${taskTitle(r.task, r.item)}, for ${duration(now - r.since)}`),
  ].join('\n');
}
