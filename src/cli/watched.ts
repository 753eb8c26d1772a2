import { duration } from '../report/duration.ts';
import { taskTitle } from '../report/event-lines.ts';
import { onInterrupt } from './interrupts.ts';
import type { Composition } from './wiring.ts';

/** Waits for some work. First ^C: begin nothing new. Second: end what runs. Third: do not wait for it any longer. */
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
    third: () => abandon('abandoned'),
  });
  try {
    return await Promise.race([work, abandoned]);
  } finally {
    ignore();
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
