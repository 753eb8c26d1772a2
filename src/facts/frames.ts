import type { Answer, Looked } from '../core/fact.ts';

/** One record of an answer: its tag and its fields. */
export interface Frame {
  readonly tag: string;
  readonly fields: readonly string[];
}

/** How many fields follow each tag. */
export type Arity = { readonly [tag: string]: number };

/** A line of `sha256sum --zero`: it has no tag, but nothing else looks like it. */
const SUM = /^([0-9a-f]{64}) [ *](\/.*)$/s;

/**
 * Reads an answer made of NUL-terminated tokens: a tag, then as many fields as `arity` says. NUL is the one
 * byte that no name can hold. A checksum comes back as the frame `sum` with hash and path. Reading stops at
 * the first thing that is not a whole frame: what was cut off is missing, never misread.
 */
export function framesOf(answer: Answer, arity: Arity): readonly Frame[] {
  const tokens = answer.stdout.toString('utf8').split('\0');
  tokens.pop();
  const frames: Frame[] = [];
  for (let at = 0; at < tokens.length; ) {
    const tag = tokens[at] as string;
    const sum = SUM.exec(tag);
    const size = sum ? 0 : arity[tag];
    if (size === undefined || at + size >= tokens.length) break;
    const fields = sum ? [sum[1] as string, sum[2] as string] : tokens.slice(at + 1, at + 1 + size);
    frames.push({ tag: sum ? 'sum' : tag, fields });
    at += 1 + size;
  }
  return frames;
}

/** The frames of one tag, by their first field. */
export function byFirst(frames: readonly Frame[], tag: string): ReadonlyMap<string, readonly string[]> {
  return new Map(frames.filter((f) => f.tag === tag).map((f) => [f.fields[0] ?? '', f.fields]));
}

export function found<V>(value: V): Looked<V> {
  return { state: 'value', value };
}

export const ABSENT: Looked<never> = { state: 'absent' };

export function unreadable(reason: string): Looked<never> {
  return { state: 'unreadable', reason };
}

/** For a subject that the answer does not mention. */
export function unanswered(answer: Answer, what: string): Looked<never> {
  const said = answer.stderr.trim().split('\n').at(-1);
  return unreadable(`no answer about ${what} (exit status ${answer.status}${said ? `: ${said}` : ''})`);
}
