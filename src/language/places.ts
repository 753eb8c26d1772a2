import type { LineCounter } from 'yaml';
import type { Position } from '../core/diagnostic.ts';

/** Tells where in a file an offset into a scalar's text stands, whatever the scalar's style. */
export function scalarPlaces(
  file: string,
  source: string,
  from: number,
  text: string,
  lines: LineCounter,
  whole: Position,
): (offset: number, length?: number) => Position {
  return (offset, length = 1) => {
    const at = sourceOffset(source, from, text, offset);
    if (at === undefined) return whole;
    const { line, col } = lines.linePos(at);
    return { file, line, column: col, endColumn: col + Math.max(1, length) };
  };
}

/** The same for a text that is a file of its own. */
export function filePlaces(file: string, text: string): (offset: number, length?: number) => Position {
  return (offset, length = 1) => {
    const before = text.slice(0, offset).split('\n');
    const column = (before.at(-1)?.length ?? 0) + 1;
    return { file, line: before.length, column, endColumn: column + Math.max(1, length) };
  };
}

function sourceOffset(source: string, from: number, text: string, offset: number): number | undefined {
  const opening = source[from] === '"' || source[from] === "'" ? 1 : 0;
  if (source.startsWith(text, from + opening)) return from + opening + offset;
  return byOccurrence(source, from, text, offset);
}

/** Folded, indented or escaped: the word at the offset is the same, so the nth of its kind is looked for. */
function byOccurrence(source: string, from: number, text: string, offset: number): number | undefined {
  const word = /^[^\s"'\\]+/.exec(text.slice(offset))?.[0];
  if (word === undefined) return undefined;
  let at = source.indexOf(word, from);
  for (let seen = text.indexOf(word); seen >= 0 && seen < offset; seen = text.indexOf(word, seen + 1))
    at = source.indexOf(word, at + 1);
  return at < 0 ? undefined : at;
}
