import type { Outcome } from '../core/outcome.ts';
import type { Running } from '../report/activity.ts';
import { duration } from '../report/duration.ts';
import { taskTitle } from '../report/event-lines.ts';
import { onInterrupt } from './interrupts.ts';
import type { Composition } from './wiring.ts';

/** Waits for some work. First ^C: begin nothing new. Second: end what runs, and regain no contact. Third: wait no longer. */
export async function watched<T>(
  work: Promise<T>,
  composition: Composition,
  stopping: AbortController,
  print: (text: string) => void,
): Promise<T | 'abandoned'> {
  const { engine } = composition;
  const { promise: abandoned, resolve: abandon } = Promise.withResolvers<'abandoned'>();
  const ignore = onInterrupt({
    first() {
      stopping.abort();
      print(stoppingText(composition));
    },
    second() {
      print('stopping: ending what runs on the hosts');
      engine.cancel().catch((error: unknown) => print(`could not end it: ${String(error)}`));
    },
    third() {
      for (const [key, host] of engine.running()) print(`given up: on ${host} ${key} may still be running`);
      abandon('abandoned');
    },
  });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    ignore();
  }
}

/** What it comes to when nobody waited for the end. */
export function abandonedOutcome({ engine }: Composition): Outcome {
  return engine.running().size > 0 ? 'in-doubt' : 'stopped';
}

/** The end of the work is not seen before contact is back; the second ^C does not wait for that. */
function lost({ last }: Running): string {
  return last.startsWith('contact lost')
    ? '; contact is lost and is being tried again; until then its batch goes on there (^C again gives up)'
    : '';
}

function stoppingText({ activities }: Composition): string {
  const now = performance.now();
  const running = activities.running();
  if (running.length === 0) return 'stopping: nothing is running, nothing new begins';
  return [
    'stopping: nothing new begins; still running (^C again ends it):',
    ...running.map(
      ([host, r]) => `  ${host}: ${taskTitle(r.task, r.item)}, for ${duration(now - r.since)}${lost(r)}`,
    ),
  ].join('\n');
}
