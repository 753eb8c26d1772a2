import { basename } from 'node:path';
import type { Playbook, Task } from '../core/task.ts';
import type { Ground } from './ground.ts';

type Named = Pick<Task, 'name'>;

/**
 * Under which name a pending handler is kept: the playbook's file and the handler's name. The host that makes a
 * change keeps it; where that is another than the handler's own (delegated, a cluster's member), with its name.
 */
export function handlerKey(playbook: Playbook, handler: Named, host: string, keeper: string): string {
  const key = `${basename(playbook.file)}: ${handler.name}`;
  return host === keeper ? key : `${key} @ ${host}`;
}

/** The hosts that said, when they were reached, that they keep this handler for `host` from an earlier run. */
export function keepersFromBefore(
  ground: Pick<Ground, 'inventory' | 'hello'>,
  playbook: Playbook,
  handler: Named,
  host: string,
): readonly string[] {
  return ground.inventory.hosts
    .map(({ name }) => name)
    .filter((keeper) =>
      ground.hello(keeper)?.pendingHandlers.includes(handlerKey(playbook, handler, host, keeper)),
    );
}
