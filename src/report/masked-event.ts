import type { RunEvent } from '../core/event.ts';
import type { Masker } from '../core/masker.ts';
import { Secret } from '../core/secret.ts';
import { Unknown } from '../core/value.ts';

/** An event with known secrets masked in all its texts, before any of them is cut or joined. */
export function maskedEvent(event: RunEvent, masker: Masker): RunEvent {
  return masked(event, masker) as RunEvent;
}

function masked(value: unknown, masker: Masker): unknown {
  if (typeof value === 'string') return masker.mask(value);
  if (Array.isArray(value)) return value.map((child) => masked(child, masker));
  if (value === null || typeof value !== 'object' || value instanceof Secret || value instanceof Unknown)
    return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, masked(child, masker)]));
}
