import { MASK, Secret } from '../core/secret.ts';
import { type Json, secretIn, Unknown, type Value } from '../core/value.ts';

/** A value as one piece of text: secrets masked, unknowns as "(known after TASK)". */
export function valueText(value: Value | undefined): string {
  if (value === undefined) return '(absent)';
  if (value instanceof Unknown) return String(value);
  if (value instanceof Secret) return value.masked;
  if (typeof value === 'string') return isPlain(value) ? value : JSON.stringify(value);
  return compact(value);
}

/** A value as JSON for machines: secrets masked, unknowns as `{ "$unknown": TASK }`. */
export function valueJson(value: Value): Json {
  if (value instanceof Secret) return { $secret: value.masked };
  if (value instanceof Unknown) return { $unknown: value.after };
  if (Array.isArray(value)) return value.map(valueJson);
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, valueJson(child)]));
  return value as Json;
}

/**
 * The side opposite to one that holds a secret: what the host has now may be a former secret that nobody
 * marked, so all of it is masked.
 */
export function besideSecret(value: Value | undefined, other: Value | undefined): Value | undefined {
  if (value === undefined || value === null || secretIn(other) === undefined) return value;
  return value instanceof Secret ? value : MASK;
}

/** Needs no quotes to be read as what it is. */
function isPlain(text: string): boolean {
  return /^[\p{L}\p{N}_@%+=:.,/~()[\]{}<>*&;|!?#$^•-]+( [\p{L}\p{N}_@%+=:.,/~()[\]{}<>*&;|!?#$^•-]+)*$/u.test(
    text,
  );
}

function compact(value: Value): string {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (value !== null && typeof value === 'object')
    return `{${Object.entries(value)
      .map(([key, child]) => `${key}: ${valueText(child)}`)
      .join(', ')}}`;
  return String(value);
}
