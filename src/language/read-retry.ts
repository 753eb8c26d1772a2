import { describe } from './describe.ts';
import type { Fields } from './fields.ts';
import { plainValue } from './located.ts';
import type { Problems } from './problems.ts';

/** How often and how far apart a task with `until` is repeated; three times, five seconds, unless it says so. */
export function readRetry(
  fields: Fields,
  problems: Problems,
): { readonly retries: number; readonly delayMs: number } | undefined {
  const until = fields.entry('until');
  const retries = fields.integer('retries', 0);
  const delayMs = readDelay(fields, problems);
  for (const key of ['retries', 'delay'])
    if (!until && fields.entry(key))
      problems.error(
        `\`${key}\` has no effect without \`until\``,
        fields.entry(key)?.keyPosition,
        'write `until:` with the condition that ends the repetition',
      );
  return until ? { retries: retries ?? 3, delayMs: delayMs ?? 5_000 } : undefined;
}

const MILLISECONDS: { readonly [unit: string]: number } = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

function readDelay(fields: Fields, problems: Problems): number | undefined {
  const entry = fields.entry('delay');
  if (!entry) return undefined;
  const value = plainValue(entry.value);
  if (typeof value === 'number' && value >= 0) return value * 1_000;
  const match = typeof value === 'string' ? /^(\d+)(ms|s|m|h)$/.exec(value) : null;
  if (match) return Number(match[1]) * (MILLISECONDS[match[2] ?? 's'] ?? 1_000);
  problems.error(
    `\`delay\` must be a duration, found ${describe(value)}`,
    entry.value.position,
    'write seconds (5) or a duration ("500ms", "5s", "2m")',
  );
  return undefined;
}
