import type { Inventory } from '../core/task.ts';
import { didYouMean } from './nearest.ts';
import { Mistake } from './problems.ts';

/**
 * The hosts that a pattern names, in the order of the inventory: a host, a group, `all`, or several of
 * them separated by commas. Throws a Mistake for a name that is neither.
 */
export function matchHosts(pattern: string, inventory: Inventory): string[] {
  const names = pattern
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length === 0) throw new Mistake('a host or a group was expected, found nothing');
  const wanted = new Set(names.flatMap((name) => hostsOf(name, inventory)));
  return inventory.hosts.map((host) => host.name).filter((name) => wanted.has(name));
}

function hostsOf(name: string, inventory: Inventory): readonly string[] {
  if (/^[!&~]|[*?[\]:]/.test(name))
    throw new Mistake(
      `the pattern \`${name}\` is not supported`,
      undefined,
      'write hosts and groups by name, separated by commas',
    );
  if (name === 'all') return inventory.hosts.map((host) => host.name);
  const group = inventory.groups[name];
  if (group) return group;
  if (inventory.hosts.some((host) => host.name === name)) return [name];
  const known = [...Object.keys(inventory.groups), ...inventory.hosts.map((host) => host.name)];
  throw new Mistake(
    `the inventory ${inventory.file} has no host or group \`${name}\``,
    undefined,
    didYouMean(name, known, 'there are'),
  );
}
