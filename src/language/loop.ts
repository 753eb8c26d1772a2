import { Secret } from '../core/secret.ts';
import { isRecord, secretIn, Unknown, unknownIn, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import type { TaskDraft } from './draft.ts';
import { layered, type Names, namesOf } from './names.ts';
import { Mistake } from './problems.ts';
import { renderScalar, renderValue } from './render-value.ts';

export interface LoopItem {
  readonly value: Value;
  /** Unique within the loop, the same on every run of the same items. */
  readonly key: string;
  readonly label: string;
}

/** The items of a task's loop; Unknown when it is not known which they are. */
export function loopItems(draft: TaskDraft, scope: Names): LoopItem[] | Unknown {
  if (!draft.loop) return [];
  const list = renderValue(draft.loop, scope);
  if (list instanceof Unknown) return list;
  if (!Array.isArray(list))
    throw new Mistake(
      `\`loop\` wants a list, found ${describe(list)}`,
      draft.loop.position,
      isRecord(list)
        ? 'write a list of mappings, each with a name'
        : 'write "{{ name }}" of a list, or items after `- `',
    );
  // Of what is sensitive no item is its own name.
  const keys = keysOf(draft.sensitive ? list.map((value) => (isRecord(value) ? value : null)) : list);
  const items = list.map((value: Value, index) => {
    const key = keys[index] ?? '';
    return { value, key, label: labelOf(draft, value, key, scope) };
  });
  return withDistinctLabels(items);
}

/** A plan tells items apart by what is shown of them: of equal labels the later ones are numbered. */
function withDistinctLabels(items: readonly LoopItem[]): LoopItem[] {
  const taken = new Set<string>();
  return items.map((item) => {
    let label = item.label;
    for (let count = 2; taken.has(label); count += 1) label = `${item.label} #${count}`;
    taken.add(label);
    return { ...item, label };
  });
}

/** A key for each item: itself, its name or its place; of equal ones the later are numbered. */
export function keysOf(list: readonly Value[]): string[] {
  const seen = new Map<string, number>();
  return list.map((value, index) => {
    const wanted = keyOf(value, index);
    const count = (seen.get(wanted) ?? 0) + 1;
    seen.set(wanted, count);
    return count === 1 ? wanted : `${wanted}#${count}`;
  });
}

function keyOf(value: Value, index: number): string {
  if ((typeof value === 'string' && value !== '') || typeof value === 'number') return String(value);
  if (isRecord(value) && typeof value.name === 'string' && value.name !== '') return value.name;
  return `[${index}]`;
}

function labelOf(draft: TaskDraft, value: Value, key: string, scope: Names): string {
  if (!draft.loopLabel)
    return draft.sensitive || secretIn(value) || unknownIn(value) ? key : shortLabel(value, key);
  const item = namesOf('variable', { [draft.loopVariable]: value });
  const label = renderScalar(draft.loopLabel, layered('variable', item, scope));
  return label instanceof Secret || label instanceof Unknown ? key : String(label);
}

function shortLabel(value: Value, key: string): string {
  return isRecord(value) || Array.isArray(value) ? key : String(value);
}
