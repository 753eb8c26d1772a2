import type { Inventory } from '../core/task.ts';

/** The names of all hosts. */
export const hostNames = oncePerInventory(
  ({ hosts }): ReadonlySet<string> => new Set(hosts.map(({ name }) => name)),
);

const groupsByHost = oncePerInventory(({ groups }) => {
  const byHost = new Map<string, string[]>();
  for (const [group, hosts] of Object.entries(groups))
    if (group !== 'all') for (const host of hosts) byHost.set(host, [...(byHost.get(host) ?? []), group]);
  return byHost;
});

/** The groups that a host is in, directly or not, but for `all`; in the order of the inventory. */
export function groupNames(host: string, inventory: Inventory): readonly string[] {
  return groupsByHost(inventory).get(host) ?? [];
}

/** What is asked for every host must not go through all hosts each time. */
function oncePerInventory<T extends object>(make: (inventory: Inventory) => T): (inventory: Inventory) => T {
  const made = new WeakMap<Inventory, T>();
  return (inventory) => {
    const known = made.get(inventory) ?? make(inventory);
    made.set(inventory, known);
    return known;
  };
}
