import { createHash } from 'node:crypto';
import type { ItemId } from '../core/journal.ts';
import type { Task } from '../core/task.ts';
import type { Decision } from './decision.ts';

/** The item's key as a digest: it may be long, and what it says is nobody's business. */
export function itemId(task: Task, host: string, key: string): ItemId {
  const item = key === '' ? '' : createHash('sha256').update(key).digest('hex').slice(0, 16);
  return { task: task.id, host, item };
}

export function idOf({ task, host, item }: Decision): ItemId {
  return itemId(task, host, item?.key ?? '');
}

/** As a key of a map. */
export function idText({ task, host, item }: ItemId): string {
  return JSON.stringify([task, host, item]);
}
