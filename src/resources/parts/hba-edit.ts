import { type HbaEntry, type HbaRule, hbaEntries, hbaLine, isAboutTheSame, isSameRule } from './hba.ts';

/** The first rule that fits a connection decides, so where a rule stands is part of it. */
export interface HbaWish {
  readonly rules: readonly HbaRule[];
  /** Before all other rules, after them, or nowhere. */
  readonly position: 'first' | 'last' | 'absent';
}

/** Puts the rules where they belong, in their order; all else stays, and in its order. */
export function editHba(lines: readonly string[], wish: HbaWish): readonly string[] {
  const entries = hbaEntries(lines);
  if (wish.position === 'absent')
    return textOf(entries.filter(({ rule }) => !wish.rules.some((own) => rule && isSameRule(own, rule))));
  if (isSo(entries, wish)) return lines;
  const others = entries.filter(({ rule }) => !wish.rules.some((own) => rule && isAboutTheSame(own, rule)));
  const at =
    wish.position === 'first'
      ? others.findIndex(({ rule }) => rule !== undefined)
      : others.findLastIndex(({ rule }) => rule !== undefined) + 1;
  const isAlone = others.every(({ rule }) => rule === undefined);
  return textOf(
    others.toSpliced(isAlone ? others.length : at, 0, ...wish.rules.map((rule) => written(rule, entries))),
  );
}

/** Whether they stand there already, and nothing else about the same connections does. */
function isSo(entries: readonly HbaEntry[], { rules, position }: HbaWish): boolean {
  const there = entries.flatMap(({ rule }) => (rule ? [rule] : []));
  const own = position === 'first' ? there.slice(0, rules.length) : there.slice(-rules.length);
  const rest = position === 'first' ? there.slice(rules.length) : there.slice(0, -rules.length);
  return (
    own.length === rules.length &&
    own.every((rule, index) => isSameRule(rule, rules[index] as HbaRule)) &&
    !rest.some((rule) => rules.some((wanted) => isAboutTheSame(wanted, rule)))
  );
}

/** As it was written, where it only moves. */
function written(rule: HbaRule, entries: readonly HbaEntry[]): HbaEntry {
  const old = entries.find((entry) => entry.rule && isSameRule(entry.rule, rule));
  return old ?? { lines: [hbaLine(rule)], rule };
}

function textOf(entries: readonly HbaEntry[]): string[] {
  return entries.flatMap(({ lines }) => lines);
}
