/** One line of a comparison: in both texts, only in the old one, or only in the new one. */
export interface DiffLine {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
  /** Where it stands in the old and in the new text, from 0; the last line passed for the side that lacks it. */
  readonly before: number;
  readonly after: number;
}

/** Beyond this many cells the exact comparison costs too much memory, and the middle is shown as replaced. */
const MOST_CELLS = 4_000_000;

/** Compares two lists of lines by their longest common subsequence. */
export function lineDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  const head = commonHead(before, after);
  const tail = commonTail(before, after, head);
  const result: DiffLine[] = [];
  for (let i = 0; i < head; i++) result.push(line(' ', before[i], i, i));
  const oldMiddle = before.slice(head, before.length - tail);
  const newMiddle = after.slice(head, after.length - tail);
  for (const l of middleDiff(oldMiddle, newMiddle))
    result.push({ ...l, before: l.before + head, after: l.after + head });
  for (let i = tail; i > 0; i--)
    result.push(line(' ', before[before.length - i], before.length - i, after.length - i));
  return result;
}

/** Splits a comparison into hunks: what differs, with `context` equal lines around it. */
export function hunks(diff: readonly DiffLine[], context = 3): DiffLine[][] {
  const result: DiffLine[][] = [];
  let end = -1;
  diff.forEach((l, index) => {
    if (l.mark === ' ') return;
    const from = Math.max(index - context, 0);
    const to = Math.min(index + context, diff.length - 1);
    const last = result.at(-1);
    if (last !== undefined && from <= end + 1) last.push(...diff.slice(end + 1, to + 1));
    else result.push(diff.slice(from, to + 1));
    end = to;
  });
  return result;
}

/** `@@ -10,4 +10,5 @@`, as diff -u writes it. */
export function hunkHeader(hunk: readonly DiffLine[]): string {
  const old = hunk.filter((l) => l.mark !== '+');
  const fresh = hunk.filter((l) => l.mark !== '-');
  const first = hunk[0];
  const oldStart = old.length > 0 ? (old[0]?.before ?? 0) + 1 : (first?.before ?? 0);
  const newStart = fresh.length > 0 ? (fresh[0]?.after ?? 0) + 1 : (first?.after ?? 0);
  return `@@ -${oldStart},${old.length} +${newStart},${fresh.length} @@`;
}

function middleDiff(before: readonly string[], after: readonly string[]): DiffLine[] {
  if (before.length * after.length > MOST_CELLS) return replaced(before, after);
  const lengths = commonLengths(before, after);
  const width = after.length + 1;
  const result: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && before[i] === after[j]) {
      result.push(line(' ', before[i], i++, j++));
    } else if (
      i < before.length &&
      (j >= after.length || (lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0))
    ) {
      result.push(line('-', before[i], i++, j));
    } else {
      result.push(line('+', after[j], i, j++));
    }
  }
  return result;
}

/** For every pair of positions, how many lines the rests have in common. */
function commonLengths(before: readonly string[], after: readonly string[]): Uint32Array {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        before[i] === after[j]
          ? (lengths[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0);
  return lengths;
}

function replaced(before: readonly string[], after: readonly string[]): DiffLine[] {
  return [
    ...before.map((text, i) => line('-', text, i, 0)),
    ...after.map((text, j) => line('+', text, before.length, j)),
  ];
}

function commonHead(a: readonly string[], b: readonly string[]): number {
  let n = 0;
  while (n < a.length && n < b.length && a[n] === b[n]) n += 1;
  return n;
}

function commonTail(a: readonly string[], b: readonly string[], head: number): number {
  let n = 0;
  while (n < a.length - head && n < b.length - head && a[a.length - 1 - n] === b[b.length - 1 - n]) n += 1;
  return n;
}

function line(mark: DiffLine['mark'], text: string | undefined, before: number, after: number): DiffLine {
  return { mark, text: text ?? '', before, after };
}
