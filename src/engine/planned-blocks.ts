import { NONE } from '../core/change.ts';
import type { PlannedStep } from '../core/plan.ts';
import type { BlockPart, Task } from '../core/task.ts';
import { Unknown } from '../core/value.ts';
import { type Decision, taskRef } from './decision.ts';
import type { Registers } from './registers.ts';

/** Whether a task runs only after a failure. */
export function isRescue({ blocks = [] }: Task): boolean {
  return blocks.some(({ part }) => part === 'rescue');
}

/** Which blocks have something to do on which host: only those can fail, and only then can their rescue come to run. */
export class PlannedBlocks {
  readonly #busy = new Set<string>();

  note({ task: { blocks = [] }, host, change }: Decision): void {
    if (change.action === 'none') return;
    for (const { block, part } of blocks) if (part === 'block') this.#busy.add(`${host} ${block}`);
  }

  /** A plan tells of the way without failures: what rescues is named, and never counted. */
  planRescue(task: Task, host: string, registers: Registers): PlannedStep {
    const rescued = (task.blocks ?? []).filter(({ part }) => part === 'rescue') as [BlockPart];
    const [outermost] = rescued;
    const mayRun = this.#busy.has(`${host} ${outermost.block}`);
    if (!mayRun) registers.passOver(host, task);
    else if (task.register !== undefined)
      registers.set(host, task.register, new Unknown(`"${outermost.name}" has failed or not`));
    return {
      task: taskRef(task),
      host,
      on: host,
      item: '',
      address: task.resource,
      change: NONE,
      skipped: `only if "${outermost.name}" fails`,
      rescue: mayRun ? 'perhaps' : 'needless',
      commands: [],
      sensitive: task.sensitive,
    };
  }
}
