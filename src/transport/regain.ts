import { setTimeout as sleep } from 'node:timers/promises';
import { HostKeyRefused } from './host-key-refused.ts';

/**
 * Opens again and again, with growing pauses, until it works or the time is over: then throws the last error. Stops at
 * once when told to; what comes about after that is given to `late`.
 */
export async function regain<T>(
  open: () => Promise<T>,
  withinMs: number,
  stop: AbortSignal,
  late: (opened: T) => void,
): Promise<T> {
  const deadline = performance.now() + withinMs;
  const stopped = new Promise<never>((_, reject) => {
    const onStop = () => reject(new Error('trying again was given up'));
    stop.addEventListener('abort', onStop, { once: true });
    if (stop.aborted) onStop();
  });
  stopped.catch(() => undefined);
  for (let pause = 100; ; pause = Math.min(pause * 2, 10_000)) {
    const opening = open();
    try {
      return await Promise.race([opening, stopped]);
    } catch (error) {
      if (stop.aborted) opening.then(late, () => undefined);
      const left = deadline - performance.now();
      if (left <= 0 || stop.aborted || (error instanceof Error && error.cause instanceof HostKeyRefused))
        throw error;
      await sleep(Math.min(pause, left), undefined, { signal: stop }).catch(() => undefined);
    }
  }
}
