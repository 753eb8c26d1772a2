import { type Condition, type ConditionOptions, compileCondition } from './condition.ts';
import type { ConditionEnvironment } from './condition-environment.ts';
import { type ConditionRoots, resultShape } from './condition-root.ts';
import type { TaskDraft } from './draft.ts';
import { type Located, plainValue } from './located.ts';
import type { Problems } from './problems.ts';
import { isStatic } from './render-value.ts';
import { DYN, mergeShapes, type Shape, shapeOfValue } from './shape.ts';
import { compileConditions } from './special-arguments.ts';

/** A task's conditions, checked. */
export interface CompiledConditions {
  readonly when: readonly Condition[];
  readonly until: readonly Condition[] | undefined;
  readonly changed: readonly Condition[] | undefined;
  readonly failed: readonly Condition[] | undefined;
  /** Conditions among the arguments, by argument. */
  readonly args: ReadonlyMap<string, readonly Condition[]>;
}

/** Checks every condition of a task against the types of what it may read. */
export function compileTask(
  draft: TaskDraft,
  roots: ConditionRoots,
  registers: ReadonlyMap<string, Shape>,
  later: ReadonlyMap<string, string>,
  problems: Problems,
): CompiledConditions {
  const local = {
    ...draft.turns,
    ...(draft.loop && { [draft.loopVariable]: itemShape(draft.loop) }),
  };
  const before = (): ConditionEnvironment => roots.environment(draft, registers, later, local);
  const compile = (
    nodes: readonly Located[],
    options: ConditionOptions,
    environment: () => ConditionEnvironment,
  ): Condition[] => nodes.map((node) => compileCondition(node, environment(), options, problems));
  const { item } = resultShape(draft);
  const own = draft.register === undefined ? {} : { [draft.register]: item };
  const withoutOwn = new Map([...registers].filter(([name]) => name !== draft.register));
  const after = (): ConditionEnvironment =>
    roots.environment(draft, withoutOwn, later, { ...local, ...own, result: item });
  const judging = (nodes: readonly Located[], key: string, strict: boolean): Condition[] | undefined =>
    nodes.length === 0 ? undefined : compile(nodes, { key, strict }, after);
  return {
    when: compile(draft.when, { key: 'when', strict: false }, before),
    until: judging(draft.until, 'until', true),
    changed: judging(draft.changedWhen, 'changed_when', false),
    failed: judging(draft.failedWhen, 'failed_when', false),
    args: compileConditions(draft, before, problems),
  };
}

/** The type of a loop's items, as far as they stand in the playbook. */
function itemShape(loop: Located): Shape {
  if (loop.kind !== 'list' || !isStatic(loop) || loop.items.length === 0) return DYN;
  return loop.items.map((item) => shapeOfValue(plainValue(item))).reduce(mergeShapes);
}
