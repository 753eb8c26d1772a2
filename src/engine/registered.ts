import type { CommandResult } from '../core/command.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';
import { type Decision, notYet } from './decision.ts';

/** What happened to one item, for `register`. */
export interface ItemEnd {
  readonly changed: boolean;
  readonly failed: boolean;
  readonly outputs: readonly CommandResult[];
  /** What it registered before the run was taken up. */
  readonly before?: Value;
}

/** The registered value of a whole task: of its one item, or `{results, changed, …}` of a loop. */
export function registeredTask(
  decisions: readonly Decision[],
  ends: readonly (ItemEnd | undefined)[],
): Value {
  const values = decisions.map((decision, index) => registeredItem(decision, ends[index]));
  const [first] = values;
  if (values.length === 1 && first !== undefined && decisions[0]?.item?.key === '') return first;
  return {
    results: values,
    changed: anyOf(values, 'changed'),
    failed: anyOf(values, 'failed'),
    skipped: values.length > 0 && values.every((v) => isRecord(v) && v.skipped === true),
  };
}

/** Of one item; Unknown while something of it is due (`end` is absent) and it is not settled without. */
export function registeredItem(decision: Decision, end: ItemEnd | undefined): Value {
  if (end?.before !== undefined) return end.before;
  if (decision.skipped !== undefined) return { changed: false, failed: false, skipped: true };
  const { change, view, resource } = decision;
  const settled = change.action === 'none';
  if (!view || (!settled && end === undefined)) return notYet(decision.task);
  const result = resource.registered(decision.args as never, change, end?.outputs ?? [], view);
  const own = isRecord(result) ? result : { value: result };
  return { ...own, changed: end?.changed ?? false, failed: end?.failed ?? false, skipped: false };
}

function anyOf(values: readonly Value[], field: string): Value {
  const flags = values.map((v) => (v instanceof Unknown ? v : isRecord(v) ? (v[field] ?? false) : false));
  return flags.includes(true) || (flags.find((f) => f instanceof Unknown) ?? false);
}
