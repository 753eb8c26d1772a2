const UNITS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** Milliseconds of "30s", "5m" or a number of seconds. */
export function milliseconds(value: string | number): number {
  if (typeof value === 'number') return value * 1000;
  const [, amount = '', unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(value) ?? [];
  const size = UNITS[unit];
  if (size === undefined) throw new Error(`expected a duration such as "30s" or "5m", found "${value}"`);
  return Number(amount) * size;
}
