/** The known word that a misspelt one most likely means; undefined when none is near. */
export function nearest(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    // Of equally near ones, a word of the same length: one letter is more often wrong than missing.
    const isCloser =
      distance === bestDistance && best?.length !== word.length && candidate.length === word.length;
    if (distance < bestDistance || (best !== undefined && isCloser))
      [best, bestDistance] = [candidate, distance];
  }
  return best;
}

/** A hint that names the nearest known word, or all of them when they are few. */
export function didYouMean(word: string, known: Iterable<string>, what = 'known'): string | undefined {
  const words = [...known];
  const near = nearest(word, words);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  if (words.length === 0 || words.length > 40) return undefined;
  return `${what}: ${words.sort().join(', ')}`;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, j) => j);
  for (let i = 1; i <= from.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const replaced = (last[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1);
      let cost = Math.min(replaced, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      if (i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[to.length] ?? 0;
}
