import { setTimeout as sleep } from 'node:timers/promises';
import { HostKeyRefused } from './host-key-refused.ts';

/** Opens again and again, with growing pauses, until it works or the time is over: then throws the last error. */
export async function regain<T>(open: () => Promise<T>, withinMs: number, stop: AbortSignal): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (let pause = 100; ; pause = Math.min(pause * 2, 10_000)) {
    try {
      return await open();
    } catch (error) {
      const left = deadline - performance.now();
      if (left <= 0 || stop.aborted || (error instanceof Error && error.cause instanceof HostKeyRefused))
        throw error;
      await sleep(Math.min(pause, left), undefined, { signal: stop }).catch(() => undefined);
    }
  }
}
