import { InputError } from '../core/diagnostic.ts';
import type { ItemEnded } from '../core/journal.ts';
import { memoryVault, thaw } from '../core/json.ts';
import type { RenderedItem, Task } from '../core/task.ts';
import { Unknown } from '../core/value.ts';
import type { Course, Cursor } from './course.ts';
import { settled } from './decide.ts';
import { factsOf } from './ground.ts';
import { itemId } from './item-id.ts';
import type { ItemOutcome } from './item-outcome.ts';
import type { Run } from './run.ts';
import type { Placed } from './segment.ts';

/** An item that ended before the run was taken up. */
export interface Ended {
  readonly placed: Placed;
  readonly outcome: ItemOutcome;
  readonly next: Cursor;
}

/** A loop over an empty list: behind it may be more that has ended. */
export interface Empty {
  readonly empty: Task;
  readonly next: Cursor;
}

/**
 * What the journal says of the item at the cursor: its end is told again, and nothing is looked at or done. Undefined
 * from the first item on that has no end.
 */
export function endedBefore(run: Run, host: string, course: Course): Ended | Empty | undefined {
  const at = course.cursor;
  const task = course.tasks[at.task];
  if (run.past.isEmpty || !task) return undefined;
  const behind = { task: at.task + 1, item: 0 };
  const items = itemsOf(run, host, task);
  if (items.length === 0) return { empty: task, next: behind };
  const item = items[at.item];
  if (item === undefined) return undefined;
  const end = run.past.takeEnd(itemId(task, host, item === 'none' ? '' : item.key));
  if (!end) return undefined;
  const resource = run.ground.resources.get(task.resource);
  if (!resource) throw new Error(`no resource is called ${task.resource}`);
  const isLast = at.item === items.length - 1;
  const decision = settled(task, resource, host, item === 'none' ? undefined : item);
  return {
    placed: { decision: { ...decision, address: end.address }, at, isLast },
    outcome: outcomeOf(end),
    next: isLast ? behind : { task: at.task, item: at.item + 1 },
  };
}

/** A task that could not be rendered has one item, without a name. */
function itemsOf(run: Run, host: string, task: Task): readonly (RenderedItem | 'none')[] {
  try {
    const scope = { host, registers: run.registers.of(host), facts: factsOf(run.ground, host) };
    const items = task.render(scope);
    return items instanceof Unknown ? ['none'] : items;
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return ['none'];
  }
}

function outcomeOf(end: ItemEnded): ItemOutcome {
  return {
    outcome: end.outcome,
    outputs: [],
    ...(end.reason === undefined ? {} : { reason: end.reason }),
    ...(end.failure === undefined ? {} : { failure: end.failure }),
    before: {
      effect: end.effect,
      keepers: end.keepers,
      wasWork: end.action !== 'none',
      ...(end.value === undefined ? {} : { value: thaw(end.value, memoryVault('none')) }),
    },
  };
}
