import type { FieldChange } from '../core/change.ts';
import type { PlannedStep } from '../core/plan.ts';
import { Unknown } from '../core/value.ts';
import { harmless } from './text.ts';
import { textDiff } from './text-diff.ts';
import { besideSecret, valueText } from './value-text.ts';

/** One field as it may be seen by anybody: every renderer shows this and nothing else of a field. */
export type ShownField =
  | { readonly field: string; readonly before?: string; readonly after?: string }
  | { readonly field: string; readonly diff: readonly string[] }
  | { readonly field: string; readonly hidden: true };

/** The fields of a planned change, with everything secret or sensitive taken out. */
export function shownFields(step: Pick<PlannedStep, 'change' | 'sensitive'>): ShownField[] {
  return step.change.fields.map((field) => shownField(field, step.sensitive));
}

function shownField(change: FieldChange, sensitive: boolean): ShownField {
  const { field, before, after } = change;
  if (sensitive) return { field, hidden: true };
  if (change.text === true && !(before instanceof Unknown) && !(after instanceof Unknown))
    return { field, diff: textDiff(before, after).map(harmless) };
  const old = besideSecret(before, after);
  const fresh = besideSecret(after, before);
  return {
    field,
    ...(old === undefined ? {} : { before: harmless(valueText(old)) }),
    ...(fresh === undefined ? {} : { after: harmless(valueText(fresh)) }),
  };
}
