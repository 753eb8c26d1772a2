import { InputError } from '../core/diagnostic.ts';
import { declaredKey } from '../core/runbook-plan.ts';
import { MASK, Secret } from '../core/secret.ts';
import type { Play, RenderedItem, Scope } from '../core/task.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';

/** Of one value, so much. Characters. */
const MOST = 200;

/** What the items of a play's tasks declare, as text; what cannot be rendered yet is left out. */
export function declarations<T = string>(
  play: Play,
  scopeOf: (host: string) => Scope,
  show: (args: RenderedItem['args']) => T = shownArgs as (args: RenderedItem['args']) => T,
): { readonly [key: string]: T } {
  const found: { [key: string]: T } = {};
  for (const task of play.tasks)
    for (const host of play.batches.flat())
      for (const item of rendered(task.render, scopeOf(host)))
        found[declaredKey(task.id, host, item.label)] = show(item.args);
  return found;
}

function rendered(render: Play['tasks'][number]['render'], scope: Scope): readonly RenderedItem[] {
  try {
    const items = render(scope);
    return items instanceof Unknown ? [] : items;
  } catch (error) {
    if (error instanceof InputError) return [];
    throw error;
  }
}

function shownArgs(args: RenderedItem['args']): string {
  return Object.entries(args)
    .map(([name, value]) => `${name}: ${shownValue(value)}`)
    .join(', ');
}

/** A value on one line, without secrets. */
export function shownValue(value: Value): string {
  if (value instanceof Secret) return MASK;
  if (value instanceof Unknown) return String(value);
  if (Array.isArray(value)) return cut(`[${value.map(shownValue).join(', ')}]`);
  if (isRecord(value))
    return cut(
      `{${Object.entries(value)
        .map(([name, part]) => `${name}: ${shownValue(part)}`)
        .join(', ')}}`,
    );
  return cut(String(value));
}

function cut(text: string): string {
  return text.length > MOST ? `${text.slice(0, MOST - 1)}…` : text;
}
