import { describe } from './describe.ts';
import type { Fields } from './fields.ts';
import { plainValue } from './located.ts';
import type { Problems } from './problems.ts';

const MILLISECONDS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** Milliseconds of a key such as `delay: 5` (seconds) or `within: "2m"`; undefined when absent or wrong. */
export function readDuration(fields: Fields, key: string, problems: Problems): number | undefined {
  const entry = fields.entry(key);
  if (!entry) return undefined;
  const value = plainValue(entry.value);
  if (typeof value === 'number' && value >= 0) return value * 1_000;
  const ms = typeof value === 'string' ? durationOf(value) : undefined;
  if (ms !== undefined) return ms;
  problems.error(
    `\`${key}\` must be a duration, found ${describe(value)}`,
    entry.value.position,
    'write seconds (5) or a duration ("500ms", "5s", "2m")',
  );
  return undefined;
}

/** Milliseconds of `500ms`, `5s`, `2m`, `1h`; undefined for anything else. */
export function durationOf(text: string): number | undefined {
  const match = /^(\d+)(ms|s|m|h)$/.exec(text);
  return match ? Number(match[1]) * (MILLISECONDS[match[2] ?? 's'] ?? 1_000) : undefined;
}
