import { MASK, Secret } from '../core/secret.ts';
import type { Value } from '../core/value.ts';
import { type DiffLine, hunkHeader, hunks, lineDiff } from './line-diff.ts';
import { linesOf } from './text.ts';

const NO_NEWLINE = '\\ No newline at end of file';

/**
 * Two texts compared line by line, as the lines of a unified diff. Where a side is a Secret, only what is
 * unchanged and harmless is shown: the new side masked, every removed line masked as a whole, because the old
 * side may hold a former secret that nobody marked.
 */
export function textDiff(before: Value | undefined, after: Value | undefined, context = 3): string[] {
  const old = side(before);
  const fresh = side(after);
  const secret = before instanceof Secret || after instanceof Secret;
  const compared = lineDiff(old.compared, fresh.compared);
  return hunks(compared, context).flatMap((hunk) => [
    hunkHeader(hunk),
    ...hunk.map((line) => `${line.mark}${shown(line, secret, fresh.shown)}`),
  ]);
}

interface Side {
  /** What is compared: the real lines where they are at hand. */
  readonly compared: readonly string[];
  /** What is shown, line for line: secret parts masked. */
  readonly shown: readonly string[];
}

function side(value: Value | undefined): Side {
  if (value === undefined || value === null) return { compared: [], shown: [] };
  if (!(value instanceof Secret)) {
    const lines = lined(String(value));
    return { compared: lines, shown: lines };
  }
  const masked = lined(value.masked);
  const real = value.isOpen ? lined(value.expose()) : masked;
  // A secret of several lines behind one mask: the lines do not correspond, so only masked ones are compared.
  return real.length === masked.length
    ? { compared: real, shown: masked }
    : { compared: masked, shown: masked };
}

function shown(line: DiffLine, secret: boolean, fresh: readonly string[]): string {
  if (line.text === NO_NEWLINE) return line.text;
  if (!secret) return line.text;
  return line.mark === '-' ? MASK : (fresh[line.after] ?? MASK);
}

/** The lines, with diff's own remark where the text does not end in a newline. */
function lined(text: string): string[] {
  if (text === '' || text.endsWith('\n')) return linesOf(text);
  return [...linesOf(text), NO_NEWLINE];
}
