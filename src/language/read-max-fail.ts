import { describe } from './describe.ts';
import type { Fields } from './fields.ts';
import { plainValue } from './located.ts';
import type { Problems } from './problems.ts';

/**
 * How many hosts of a batch may fail, in percent, before all stop: `max_fail_percentage`, or all but the last with
 * `any_errors_fatal: false`. Undefined: one is too many, which is what a play without either means.
 */
export function readMaxFail(fields: Fields, problems: Problems): number | undefined {
  const fatal = fields.boolean('any_errors_fatal');
  const entry = fields.entry('max_fail_percentage');
  if (!entry) return fatal === false ? 100 : undefined;
  if (fatal === true)
    problems.error(
      '`max_fail_percentage` has no effect beside `any_errors_fatal: true`',
      entry.keyPosition,
      'remove one of the two',
    );
  const value = plainValue(entry.value);
  const percent = typeof value === 'string' ? Number(/^(\d+)%$/.exec(value)?.[1] ?? Number.NaN) : value;
  if (typeof percent === 'number' && percent >= 0 && percent <= 100) return percent;
  problems.error(
    `\`max_fail_percentage\` must be a number from 0 to 100, found ${describe(value)}`,
    entry.value.position,
    'write 25: with more than a quarter of a batch failed, all stop',
  );
  return undefined;
}
