import type { Fields } from './fields.ts';
import type { Problems } from './problems.ts';
import { readDuration } from './read-duration.ts';

/** How often and how far apart a task with `until` is repeated; three times, five seconds, unless it says so. */
export function readRetry(
  fields: Fields,
  problems: Problems,
): { readonly retries: number; readonly delayMs: number } | undefined {
  const until = fields.entry('until');
  const retries = fields.integer('retries', 0);
  const delayMs = readDuration(fields, 'delay', problems);
  for (const key of ['retries', 'delay'])
    if (!until && fields.entry(key))
      problems.error(
        `\`${key}\` has no effect without \`until\``,
        fields.entry(key)?.keyPosition,
        'write `until:` with the condition that ends the repetition',
      );
  return until ? { retries: retries ?? 3, delayMs: delayMs ?? 5_000 } : undefined;
}
