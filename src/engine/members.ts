import { mistake } from '../core/diagnostic.ts';
import type { AnyResource } from '../core/resource.ts';
import type { RenderedItem } from '../core/task.ts';
import { Unknown } from '../core/value.ts';
import type { Ground } from './ground.ts';

/** The hosts whose facts a resource judges: the one that does it, or all of its group for cluster scope. */
export function membersOf(
  ground: Ground,
  resource: AnyResource,
  item: RenderedItem,
): readonly string[] | Unknown {
  if (resource.scope !== 'cluster' || resource.membersFrom === undefined)
    return item.on instanceof Unknown ? item.on : [item.on];
  const group = item.args[resource.membersFrom];
  if (group instanceof Unknown) return group;
  const members = ground.inventory.groups[String(group)];
  if (!members?.length)
    throw mistake(
      `${resource.name}: expected ${resource.membersFrom} to name a group with hosts, found "${group}"`,
      {
        hint: `groups of ${ground.inventory.file}: ${Object.keys(ground.inventory.groups).join(', ')}`,
      },
    );
  return members;
}
