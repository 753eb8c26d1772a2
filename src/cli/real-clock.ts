import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../engine/run.ts';

/** The time of this machine. */
export const realClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    await sleep(ms, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      if (!signal?.aborted) throw error;
    });
  },
};
