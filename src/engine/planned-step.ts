import { adviceIn, type Change, type FieldChange } from '../core/change.ts';
import type { Masker } from '../core/masker.ts';
import type { PlannedStep } from '../core/plan.ts';
import { MASK, Secret } from '../core/secret.ts';
import { Unknown, type Value } from '../core/value.ts';
import { type Decision, taskRef } from './decision.ts';

export interface Masking {
  readonly masker: Masker;
}

/** A decision as it is shown and kept: without connections, views or secrets in the clear. */
export function plannedStep(decision: Decision, { masker }: Masking): PlannedStep {
  const { task, host, on, item, skipped, view } = decision;
  return {
    task: taskRef(task),
    host,
    on,
    ...(decision.resource.scope === 'cluster' && view ? { members: view.members } : {}),
    item: masker.mask(item?.label ?? ''),
    address: masker.mask(shownAddress(decision)),
    change: shownChange(decision),
    ...(skipped === undefined ? {} : { skipped }),
    commands: task.sensitive ? [] : commandsShown(decision).map((text) => masker.mask(text)),
    sensitive: task.sensitive,
  };
}

/** Of an action the address is what it runs: not shown where the task is sensitive. */
export function shownAddress({ task, resource, address }: Decision): string {
  return task.sensitive && resource.kind === 'action' ? resource.name : address;
}

/** What would run, as text; nothing for what is not decided yet. */
export function commandsShown(decision: Decision): readonly string[] {
  const { resource, args, change, view } = decision;
  if (!view || change.action === 'none' || change.action === 'blocked' || change.action === 'unknown')
    return [];
  return resource.commands(args as never, change, view).map((command) => command.display);
}

/** Without what a sensitive task would write, and without what it says (`advise`). */
export function shownChange({ task, change }: Decision): Change {
  if (!task.sensitive) return change;
  const says = adviceIn(change) === undefined ? {} : { reason: '(sensitive)' };
  return { ...change, ...says, fields: change.fields.map(hiddenField) };
}

function hiddenField(field: FieldChange): FieldChange {
  const mask = (value: Value): Value =>
    value instanceof Unknown || value instanceof Secret ? value : Secret.sealed('sensitive', MASK);
  return {
    ...field,
    ...(field.before === undefined ? {} : { before: mask(field.before) }),
    ...(field.after === undefined ? {} : { after: mask(field.after) }),
  };
}
