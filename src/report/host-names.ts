/**
 * Host names, short: a run of consecutive numbers becomes a range (`db1–db3, web1`). The order given is
 * kept; a range needs at least three names, two are written out.
 */
export function hostNames(names: readonly string[]): string {
  const parts: string[] = [];
  for (let at = 0; at < names.length; ) {
    const length = runLength(names, at);
    const run = names.slice(at, at + length);
    parts.push(...(length >= 3 ? [`${run[0]}–${run.at(-1)}`] : run));
    at += length;
  }
  return parts.join(', ');
}

function runLength(names: readonly string[], from: number): number {
  let length = 1;
  while (from + length < names.length && follows(names[from + length - 1], names[from + length])) length += 1;
  return length;
}

/** Same name but for the last number in it, which is one higher and written as wide. */
function follows(one: string | undefined, next: string | undefined): boolean {
  const a = numbered(one ?? '');
  const b = numbered(next ?? '');
  if (a === undefined || b === undefined || a.head !== b.head || a.tail !== b.tail) return false;
  return b.digits === String(Number(a.digits) + 1).padStart(a.digits.length, '0');
}

function numbered(name: string): { head: string; digits: string; tail: string } | undefined {
  const match = /^(.*?)(\d+)(\D*)$/.exec(name);
  return match ? { head: match[1] ?? '', digits: match[2] ?? '', tail: match[3] ?? '' } : undefined;
}
