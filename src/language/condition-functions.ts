import type { Environment } from '@marcbachmann/cel-js';

/** The name under which `bytes()` is known to CEL, whose own `bytes()` makes a byte string. */
export const BYTES = 'size_in_bytes';

const UNITS: { readonly [unit: string]: bigint } = {
  '': 1n,
  b: 1n,
  k: 1024n,
  m: 1024n ** 2n,
  g: 1024n ** 3n,
  t: 1024n ** 4n,
};

/** Adds our functions to CEL, and lets whole numbers be compared and added with fractions. */
export function registerFunctions(environment: Environment): void {
  environment.registerFunction('lsn(string): int', lsn);
  environment.registerFunction(`${BYTES}(string): int`, bytes);
  environment.registerFunction(`${BYTES}(int): int`, (n: bigint) => n);
  // CEL itself adds the other order, and `!=`.
  environment.registerOperator('int == double', (a, b) => Number(a) === Number(b));
  for (const [left, right] of [
    ['int', 'double'],
    ['double', 'int'],
  ] as const) {
    environment.registerOperator(`${left} + ${right}: double`, (a, b) => Number(a) + Number(b));
    environment.registerOperator(`${left} - ${right}: double`, (a, b) => Number(a) - Number(b));
    environment.registerOperator(`${left} * ${right}: double`, (a, b) => Number(a) * Number(b));
    environment.registerOperator(`${left} / ${right}: double`, (a, b) => Number(a) / Number(b));
  }
}

/** A position in PostgreSQL's write-ahead log, `16/B374D848`, as a number that can be compared. */
export function lsn(text: string): bigint {
  const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
  if (!match) throw new Error(`lsn() wants a position such as "16/B374D848", found ${JSON.stringify(text)}`);
  return (BigInt(`0x${match[1]}`) << 32n) + BigInt(`0x${match[2]}`);
}

/** A size such as `128MB`, `4GiB` or `1024`; units are powers of 1024, as in PostgreSQL's settings. */
export function bytes(text: string): bigint {
  const match = /^(\d+)\s*(?:([kmgt])(?:i?b)?|b)?$/i.exec(text.trim());
  const unit = UNITS[match?.[2]?.toLowerCase() ?? ''];
  if (!match || unit === undefined)
    throw new Error(`bytes() wants a size such as "128MB" or "4GiB", found ${JSON.stringify(text)}`);
  return BigInt(match[1] ?? '0') * unit;
}
