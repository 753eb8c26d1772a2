import type { FieldChange } from '../core/change.ts';
import { type Plan, type PlannedStep, summarize } from '../core/plan.ts';
import { type Json, Unknown } from '../core/value.ts';
import { textDiff } from './text-diff.ts';
import { besideSecret, valueJson } from './value-text.ts';

/**
 * A plan for machines: the plan's own shape with `schema` first and a summary, without anything secret.
 * A text field is given as the lines of its diff, for the sides may not be shown as a whole.
 */
export function planJson(plan: Plan): string {
  const document = {
    schema: plan.schema,
    playbook: plan.playbook,
    summary: { ...summarize(plan) },
    plays: plan.plays.map((play) => ({ ...play, steps: play.steps.map(stepJson) })),
    unreachable: plan.unreachable,
    warnings: plan.warnings,
  };
  return `${JSON.stringify(document, undefined, 2)}\n`;
}

function stepJson(step: PlannedStep): { [key: string]: unknown } {
  // `note` is between the resource and itself, and may hold what must not be seen.
  const { note: _, fields, ...change } = step.change;
  return {
    ...step,
    change: { ...change, fields: fields.map((field) => fieldJson(field, step.sensitive)) },
    commands: step.sensitive ? [] : step.commands,
  };
}

function fieldJson({ field, before, after, text }: FieldChange, sensitive: boolean): Json {
  if (sensitive) return { field, sensitive: true };
  if (text === true && !(before instanceof Unknown) && !(after instanceof Unknown))
    return { field, diff: textDiff(before, after) };
  const old = besideSecret(before, after);
  const fresh = besideSecret(after, before);
  return {
    field,
    ...(old === undefined ? {} : { before: valueJson(old) }),
    ...(fresh === undefined ? {} : { after: valueJson(fresh) }),
  };
}
