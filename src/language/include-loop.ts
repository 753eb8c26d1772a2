import type { Position } from '../core/diagnostic.ts';
import { freeze, memoryVault } from '../core/json.ts';
import { Unknown, unknownIn, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import type { Inherited } from './inherited.ts';
import { type Located, plainValue } from './located.ts';
import { keysOf } from './loop.ts';
import { Mistake } from './problems.ts';
import type { TaskReading } from './read-tasks.ts';
import { isStatic, renderValue } from './render-value.ts';
import { DYN, type Shape, shapeOfValue } from './shape.ts';

/** One turn of a loop that stands at an include: the item as written, or as a variable gives it. */
export interface Turn {
  readonly key: string;
  readonly label: string;
  readonly position: Position | undefined;
  readonly node: Located | undefined;
  readonly value: Value | undefined;
  readonly shape: Shape;
}

/**
 * The turns of a loop at an include; undefined without a loop. Which tasks there are is the same on every host and
 * known before any is reached, so the list stands there, or in a variable that all hosts of the play agree on.
 */
export function turnsOf(
  loop: Located | undefined,
  inherited: Inherited,
  reading: TaskReading,
): readonly Turn[] | undefined {
  if (!loop) return undefined;
  if (loop.kind === 'list') return writtenTurns(loop.items);
  const values = reading.problems.collect(() => agreedOn(loop, inherited, reading), loop.position) ?? [];
  const keys = keysOf(values);
  return values.map((value, index) => {
    const key = keys[index] ?? '';
    return { key, label: key, position: loop.position, node: undefined, value, shape: shapeOfValue(value) };
  });
}

function writtenTurns(items: readonly Located[]): Turn[] {
  const keys = keysOf(items.map((node) => (isStatic(node) ? plainValue(node) : null)));
  return items.map((node, index) => {
    const key = keys[index] ?? '';
    const shape = isStatic(node) ? shapeOfValue(plainValue(node)) : DYN;
    return { key, label: key, position: node.position, node, value: undefined, shape };
  });
}

function agreedOn(
  loop: Located,
  inherited: Inherited,
  { hosts = [], scopeOf, partial }: TaskReading,
): readonly Value[] {
  if (!scopeOf)
    throw new Mistake('a loop at an include is a list here', loop.position, 'write its items after `- `');
  const vault = memoryVault('include');
  let agreed: { host: string; list: readonly Value[]; text: string } | undefined;
  for (const host of hosts) {
    const list = renderValue(loop, scopeOf(host, inherited.vars));
    const isOpen = list instanceof Unknown || unknownIn(list) !== undefined;
    if (isOpen && partial) return [];
    if (isOpen)
      throw new Mistake(
        'a loop at an include must be known before any host is reached',
        loop.position,
        'put the loop at the tasks of the file',
      );
    if (!Array.isArray(list))
      throw new Mistake(`\`loop\` wants a list, found ${describe(list)}`, loop.position);
    const text = JSON.stringify(freeze(list, vault));
    if (agreed && agreed.text !== text)
      throw new Mistake(
        `a loop at an include must be the same on every host, and differs between ${agreed.host} and ${host}`,
        loop.position,
        'put the loop at the tasks of the file',
      );
    agreed ??= { host, list, text };
  }
  return agreed?.list ?? [];
}
