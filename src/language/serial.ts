import { describe } from './describe.ts';
import { type Located, plainValue } from './located.ts';
import type { Problems } from './problems.ts';

/** Splits hosts as `serial` says: a number, a percentage, or a list of them of which the last repeats. */
export function splitBatches(
  hosts: readonly string[],
  serial: Located | undefined,
  problems: Problems,
): string[][] {
  if (hosts.length === 0) return [];
  const nodes = serial === undefined ? [] : serial.kind === 'list' ? serial.items : [serial];
  const sizes = nodes
    .map((node) => sizeOf(node, hosts.length, problems))
    .filter((size) => size !== undefined);
  if (sizes.length === 0) return [[...hosts]];
  const batches: string[][] = [];
  for (let from = 0; from < hosts.length; ) {
    const size = sizes[Math.min(batches.length, sizes.length - 1)] ?? hosts.length;
    batches.push(hosts.slice(from, from + size));
    from += size;
  }
  return batches;
}

function sizeOf(node: Located, total: number, problems: Problems): number | undefined {
  const value = plainValue(node);
  if (typeof value === 'number' && Number.isInteger(value) && value > 0) return value;
  const percent = typeof value === 'string' ? /^(\d+)%$/.exec(value) : null;
  if (percent && Number(percent[1]) > 0) return Math.max(1, Math.floor((total * Number(percent[1])) / 100));
  problems.error(
    `\`serial\` must be a number of hosts or a percentage, found ${describe(value)}`,
    node.position,
    'write 1, "50%", or a list such as [1, "100%"]',
  );
  return undefined;
}
