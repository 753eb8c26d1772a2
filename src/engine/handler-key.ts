import { basename } from 'node:path';
import type { Playbook, Task } from '../core/task.ts';

/** Under which name a pending handler is kept on a host: the playbook's file and the handler's name. */
export function handlerKey(playbook: Playbook, handler: Pick<Task, 'name'>): string {
  return `${basename(playbook.file)}: ${handler.name}`;
}
