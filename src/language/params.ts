import { PARAM_TYPES, type Param, type ParamType } from '../core/runbook.ts';
import { isSecretName } from '../core/secret.ts';
import type { Inventory } from '../core/task.ts';
import { Unknown, type Value } from '../core/value.ts';
import { checkName } from './definitions.ts';
import { describe, oneOf } from './describe.ts';
import { Fields } from './fields.ts';
import { type Entry, type LocatedMapping, plainValue } from './located.ts';
import { didYouMean } from './nearest.ts';
import { checkHolds } from './param-check.ts';
import { asType } from './param-types.ts';
import type { Problems } from './problems.ts';
import { PARAM_KEYWORDS } from './runbook-keywords.ts';
import { hasTemplate } from './template.ts';

const PARAM_KEYS = Object.keys(PARAM_KEYWORDS);

export interface ParamsReading {
  readonly inventory: Inventory;
  readonly problems: Problems;
  /** What the command line gives. */
  readonly given: { readonly [name: string]: Value };
  /** Nothing has to be given: what is missing is Unknown. For checking a runbook by itself. */
  readonly partial: boolean;
}

/** Reads the parameters of a runbook with what was given for them; every mistake is collected. */
export function readParams(mapping: LocatedMapping | undefined, reading: ParamsReading): Param[] {
  const params = (mapping?.entries ?? []).map((entry) => readParam(entry, reading));
  const known = params.filter((param) => param !== undefined);
  for (const entry of mapping?.entries ?? []) checkHolds(entry, known, reading);
  return known;
}

function readParam(entry: Entry, reading: ParamsReading): Param | undefined {
  const { problems } = reading;
  const { key: name, keyPosition, value: node } = entry;
  if (!checkName(name, 'variable', keyPosition, problems)) return undefined;
  if (node.kind !== 'mapping') {
    problems.error(
      `a parameter is a mapping, found ${describe(plainValue(node))}`,
      keyPosition,
      `write \`${name}: { type: string, description: … }\``,
    );
    return undefined;
  }
  const fields = new Fields(node, problems);
  for (const { key, keyPosition: at } of node.entries)
    if (!PARAM_KEYS.includes(key))
      problems.error(`a parameter has no key \`${key}\``, at, didYouMean(key, PARAM_KEYS, 'a parameter has'));
  const type = readType(fields, problems);
  return {
    name,
    type,
    description: String(fields.text('description')?.value ?? ''),
    value: chosenValue(name, type, fields, entry, reading),
  };
}

function readType(fields: Fields, problems: Problems): ParamType {
  const node = fields.text('type');
  const type = PARAM_TYPES.find((known) => known === node?.value);
  if (node && !type)
    problems.error(
      `a parameter's type is ${oneOf(PARAM_TYPES)}, found \`${node.value}\``,
      node.position,
      didYouMean(String(node.value), PARAM_TYPES, 'types'),
    );
  return type ?? 'string';
}

/** What was given, else the default, else nothing (null); Unknown where it is missing or wrong. */
function chosenValue(
  name: string,
  type: ParamType,
  fields: Fields,
  entry: Entry,
  reading: ParamsReading,
): Value {
  const { problems, given, inventory, partial } = reading;
  const fallback = fields.entry('default');
  const required = fields.boolean('required');
  if (required === true && fallback)
    problems.error(
      'a parameter with a default is not required',
      fields.entry('required')?.keyPosition,
      'remove one of the two',
    );
  const unknown = new Unknown(`the parameter ${name}`);
  if (!Object.hasOwn(given, name) && !fallback) {
    if (required === false) return null;
    if (!partial)
      problems.error(`the parameter \`${name}\` is missing`, entry.keyPosition, `write -e ${name}=…`);
    return unknown;
  }
  const isGiven = Object.hasOwn(given, name);
  const raw = isGiven ? (given[name] ?? null) : plainValue(fallback?.value ?? entry.value);
  if (!isGiven && typeof raw === 'string' && hasTemplate(raw)) {
    problems.error(
      `the default of \`${name}\` is not rendered: parameters are known before any variable`,
      fallback?.value.position,
      'write it out, or put it into `vars:` of the runbook',
    );
    return unknown;
  }
  const typed = asType(type, raw, inventory);
  const place = isGiven ? entry.keyPosition : fallback?.value.position;
  if ('wanted' in typed) {
    problems.error(
      `${said(name, isGiven)} must be ${typed.wanted}, found ${found(name, raw)}`,
      place,
      isSecretName(name) ? undefined : typed.hint,
    );
    return unknown;
  }
  const refused = refusal(typed.value, fields, problems);
  if (refused === undefined) return typed.value;
  problems.error(`${said(name, isGiven)} ${refused}, found ${found(name, typed.value)}`, place);
  return unknown;
}

function said(name: string, isGiven: boolean): string {
  return isGiven ? `the parameter \`${name}\`` : `the default of \`${name}\``;
}

function found(name: string, value: Value): string {
  return isSecretName(name) ? 'something else, which is not shown' : describe(value);
}

/** Why a value of the right type is none of those that are accepted. */
function refusal(value: Value, fields: Fields, problems: Problems): string | undefined {
  const choices = fields.list('choices')?.map(plainValue);
  if (choices && !choices.includes(value)) return `must be ${oneOf(choices.map(String))}`;
  const pattern = fields.text('pattern');
  if (!pattern) return undefined;
  try {
    return new RegExp(`^(?:${pattern.value})$`, 'u').test(String(value))
      ? undefined
      : `must match ${pattern.value}`;
  } catch {
    problems.error(`\`${pattern.value}\` is no regular expression`, pattern.position);
    return undefined;
  }
}
