import type { Outcome } from '../core/outcome.ts';
import type { BlockPart, Task } from '../core/task.ts';

/** Where a host stands in its tasks: the task, and how many of its items are behind it. */
export interface Cursor {
  readonly task: number;
  readonly item: number;
}

/**
 * A host's way through the tasks of a play, which leads only forward. Tasks of `rescue` are passed over unless
 * their block failed; a failure in a block without `rescue` is held back until its `always` is done, and then
 * goes on to the block around it.
 */
export class Course {
  readonly tasks: readonly Task[];
  readonly #passedOver: (task: Task) => void;
  readonly #rescued = new Set<string>();
  /** Blocks whose `always` is being done before their failure goes on, the innermost last. */
  readonly #held = new Map<string, Outcome>();
  #cursor: Cursor;

  /** `passedOver` is told of every task that is left out on the way. */
  constructor(tasks: readonly Task[], passedOver: (task: Task) => void = () => {}) {
    this.tasks = tasks;
    this.#passedOver = passedOver;
    this.#cursor = { task: 0, item: 0 };
    this.advance(this.#cursor);
  }

  get cursor(): Cursor {
    return this.#cursor;
  }

  /** Goes on to there. Says how the host ended when a failure that was held back comes to light, and nobody rescues it. */
  advance(to: Cursor): Outcome | undefined {
    let { task, item } = to;
    for (;;) {
      const block = this.#failingBefore(task);
      if (block !== undefined) return this.#goOn(block);
      const next = this.tasks[task];
      if (!next || !this.isPassedOver(next)) break;
      this.#passedOver(next);
      [task, item] = [task + 1, 0];
    }
    this.#cursor = { task, item };
    return undefined;
  }

  /** A task failed: goes on where that leads. Says how the host ended when it leads nowhere. */
  fail(task: number, outcome: Outcome): Outcome | undefined {
    this.#cursor = { task, item: 0 };
    return this.#raise(this.tasks[task]?.blocks ?? [], outcome);
  }

  /** Whether a failure of this task would end in a `rescue`. */
  isRescuable({ blocks = [] }: Task): boolean {
    return blocks.some(({ block, part }) => part === 'block' && this.#first(block, 'rescue') >= 0);
  }

  /** Whether a task is left out because what it rescues has not failed. */
  isPassedOver({ blocks = [] }: Task): boolean {
    return blocks.some(({ block, part }) => part === 'rescue' && !this.#rescued.has(block));
  }

  /** Whether a part of a block ends between two tasks: what comes then depends on how that part went. */
  isTurning({ blocks = [] }: Task, after: Task | undefined): boolean {
    return blocks.some(
      ({ block, part }) =>
        part !== 'always' && !after?.blocks?.some((b) => b.block === block && b.part === part),
    );
  }

  /** Whether a failure that was held back comes to light before this task. */
  isOverBefore(index: number): boolean {
    return this.#failingBefore(index) !== undefined;
  }

  /** The block whose failure was held back, and whose `always` ends before this task; the innermost one. */
  #failingBefore(index: number): string | undefined {
    const around = this.tasks[index]?.blocks ?? [];
    const isIn = (block: string): boolean => around.some((b) => b.block === block && b.part === 'always');
    return [...this.#held.keys()].findLast((block) => !isIn(block));
  }

  #goOn(block: string): Outcome | undefined {
    const outcome = this.#held.get(block) ?? 'failed';
    this.#held.delete(block);
    const inside = this.tasks.find(({ blocks }) => blocks?.some((b) => b.block === block))?.blocks ?? [];
    return this.#raise(
      inside.slice(
        0,
        inside.findIndex((b) => b.block === block),
      ),
      outcome,
    );
  }

  #raise(around: readonly BlockPart[], outcome: Outcome): Outcome | undefined {
    for (const { block, part } of around.toReversed()) {
      const rescue = part === 'block' ? this.#first(block, 'rescue') : -1;
      const always = part === 'always' ? -1 : this.#first(block, 'always');
      if (rescue >= 0) this.#rescued.add(block);
      else if (always >= 0) this.#held.set(block, outcome);
      else this.#held.delete(block);
      const to = rescue >= 0 ? rescue : always;
      if (to < 0) continue;
      for (const task of this.tasks.slice(this.#cursor.task + 1, to)) this.#passedOver(task);
      return this.advance({ task: to, item: 0 });
    }
    this.#cursor = { task: this.tasks.length, item: 0 };
    return outcome;
  }

  #first(block: string, part: BlockPart['part']): number {
    return this.tasks.findIndex(({ blocks }) => blocks?.some((b) => b.block === block && b.part === part));
  }
}
