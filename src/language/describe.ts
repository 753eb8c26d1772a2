import { Secret } from '../core/secret.ts';
import { Unknown, type Value } from '../core/value.ts';

/** What a value is, for "expected …, found …". Secrets are not shown. */
export function describe(value: Value | undefined): string {
  if (value === undefined || value === null) return 'nothing';
  if (value instanceof Secret) return 'a secret';
  if (value instanceof Unknown) return `a value ${value}`;
  if (typeof value === 'string')
    return value === '' ? 'an empty text' : `the text ${JSON.stringify(short(value))}`;
  if (typeof value === 'number') return `the number ${value}`;
  if (typeof value === 'boolean') return `${value}`;
  return Array.isArray(value) ? 'a list' : 'a mapping';
}

/** `a, b or c` */
export function oneOf(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function short(text: string): string {
  const line = text.split('\n')[0] ?? '';
  return line.length > 60 || line !== text ? `${line.slice(0, 57)}…` : line;
}
