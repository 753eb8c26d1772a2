import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { BatchListener } from '../../src/core/session.ts';

/** A listener, and what is resolved as soon as the batch has said the first thing. */
export function begun(): { readonly listener: BatchListener; readonly saying: Promise<void> } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { listener: { output: () => resolve() }, saying: promise };
}

/** Waits until no process has these words among its arguments any more; one that stays lets the test run out of time. */
export async function untilGone(words: string): Promise<void> {
  while (readdirSync('/proc').some((pid) => /^\d+$/.test(pid) && argumentsOf(pid).includes(words)))
    await sleep(20);
}

function argumentsOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
