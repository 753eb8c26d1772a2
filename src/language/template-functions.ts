import { MASK, Secret } from '../core/secret.ts';
import { quote as shellQuote } from '../core/shell.ts';
import { isRecord, secretIn, type Unknown, unknownIn, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import { UnknownRead } from './problems.ts';
import { bytesOf } from './text-output.ts';

/** A function of templates; throws an Error with what it expected. */
type TemplateFunction = (args: readonly Value[]) => Value;

/** Functions whose arguments are values. `if`, `each`, `and`, `optional`… are the language's own: see the evaluator. */
export const TEMPLATE_FUNCTIONS: { readonly [name: string]: TemplateFunction } = {
  eq: ([a, b]) => equal(a, b),
  ne: ([a, b]) => !equal(a, b),
  lt: ([a, b]) => order(a, b) < 0,
  gt: ([a, b]) => order(a, b) > 0,
  not: ([a]) => !truth(a),
  json: ([value]) => json(value ?? null),
  join: ([list, separator]) => join(list, separator),
  quote: ([text]) => mapText(text, shellQuote, 'quote', true),
  base64: ([text]) => mapText(text, (t) => Buffer.from(t).toString('base64'), 'base64', true),
  upper: ([text]) => mapText(text, (t) => t.toUpperCase(), 'upper'),
  lower: ([text]) => mapText(text, (t) => t.toLowerCase(), 'lower'),
  indent: ([text, width]) => {
    if (typeof width !== 'number')
      throw new Error(`indent wants a number of spaces, found ${describe(width)}`);
    return mapText(text, (t) => t.replaceAll('\n', `\n${' '.repeat(width)}`), 'indent');
  },
};

/** How many arguments each takes: exactly, or from and to. */
export const FUNCTION_ARITY: { readonly [name: string]: readonly [number, number] } = {
  eq: [2, 2],
  ne: [2, 2],
  lt: [2, 2],
  gt: [2, 2],
  not: [1, 1],
  json: [1, 1],
  join: [2, 2],
  quote: [1, 1],
  base64: [1, 1],
  upper: [1, 1],
  lower: [1, 1],
  indent: [2, 2],
  and: [2, 20],
  or: [2, 20],
  lookup: [2, 2],
  optional: [2, 2],
};

export const BLOCK_FUNCTIONS = ['if', 'unless', 'each', 'with'] as const;

/** Names that a variable cannot have: a template would call the function instead of reading it. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  ...Object.keys(FUNCTION_ARITY),
  ...BLOCK_FUNCTIONS,
  'this',
  'else',
  'log',
  'default',
]);

/** Whether `{{#if}}` takes the value for true; a text that spells a boolean is refused. */
export function truth(value: Value | undefined): boolean {
  if (value === undefined || value === null) return false;
  if (value instanceof Secret) return true;
  if (typeof value === 'string' && /^(true|false|yes|no|on|off)$/i.test(value))
    throw new Error(`true or false was expected, found ${describe(value)}, and any text counts as true`);
  if (Array.isArray(value)) return value.length > 0;
  if (isRecord(value)) return Object.keys(value).length > 0;
  return Boolean(value);
}

/** A value as it stands in a text. */
export function textOf(value: Value): string | Secret {
  if (typeof value === 'string' || value instanceof Secret) return value;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  throw new Error(`${describe(value)} cannot stand in a text`);
}

function equal(a: Value | undefined, b: Value | undefined): boolean {
  if (a instanceof Secret || b instanceof Secret) throw new Error('a secret cannot be compared');
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

function order(a: Value | undefined, b: Value | undefined): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return a < b ? -1 : Number(a > b);
  throw new Error(`two numbers or two texts were expected, found ${describe(a)} and ${describe(b)}`);
}

function json(value: Value): Value {
  refuseUnknown(unknownIn(value));
  if (!secretIn(value)) return JSON.stringify(value);
  return Secret.open(
    JSON.stringify(withSecrets(value, bytesOf)),
    JSON.stringify(withSecrets(value, (secret) => secret.masked)),
  );
}

function withSecrets(value: Value, show: (secret: Secret) => string): Value {
  if (value instanceof Secret) return show(value);
  if (Array.isArray(value)) return value.map((v) => withSecrets(v, show));
  if (!isRecord(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withSecrets(v, show)]));
}

function join(list: Value | undefined, separator: Value | undefined): Value {
  if (!Array.isArray(list)) throw new Error(`join wants a list, found ${describe(list)}`);
  if (typeof separator !== 'string') throw new Error(`join wants a separator, found ${describe(separator)}`);
  refuseUnknown(unknownIn(list));
  const texts = list.map(textOf);
  const plain = texts.map(String).join(separator);
  return secretIn(list) ? Secret.open(texts.map(openText).join(separator), plain) : plain;
}

/** `hides`: the changed text no longer contains the secret parts as they are, so nothing of it may show. */
function mapText(
  value: Value | undefined,
  change: (text: string) => string,
  name: string,
  hides = false,
): Value {
  if (value instanceof Secret)
    return Secret.open(change(bytesOf(value)), hides ? MASK : change(value.masked));
  if (typeof value === 'number') return change(String(value));
  if (typeof value !== 'string') throw new Error(`${name} wants a text, found ${describe(value)}`);
  return change(value);
}

function openText(text: string | Secret): string {
  return text instanceof Secret ? bytesOf(text) : text;
}

function refuseUnknown(unknown: Unknown | undefined): void {
  if (unknown) throw new UnknownRead(unknown);
}
