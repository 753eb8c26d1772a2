import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../core/resource.ts';
import { Secret } from '../core/secret.ts';
import { isRecord, type Json, Unknown, type Value } from '../core/value.ts';
import { type ArgumentPlace, argumentName, reportArgument, segments } from './argument-errors.ts';
import { argumentHint } from './foreign.ts';
import { entryOf, type Located, partAt } from './located.ts';
import type { Problems } from './problems.ts';
import type { ResourceSchema } from './resource-schema.ts';

type Args = { readonly [name: string]: Value };

const validators = new WeakMap<object, ValidateFunction>();
let ajv: Ajv2020 | undefined;

/**
 * A template that is exactly one name keeps the value's type; where the schema wants a text, the author
 * who wrote quotes meant one: numbers and booleans become it.
 */
export function asTextsWhereWanted(
  value: Value,
  schema: JsonSchema | undefined,
  node: Located | undefined,
): Value {
  if (!schema || !node) return value;
  if (node.kind === 'scalar') {
    const isWritten = typeof node.value === 'string' && schema.type === 'string';
    return isWritten && (typeof value === 'number' || typeof value === 'boolean') ? String(value) : value;
  }
  if (node.kind === 'list' && Array.isArray(value)) {
    const items = schema.items as JsonSchema | undefined;
    return value.map((item: Value, index) => asTextsWhereWanted(item, items, node.items[index]));
  }
  if (node.kind !== 'mapping' || !isRecord(value)) return value;
  const properties = schema.properties as { readonly [name: string]: JsonSchema } | undefined;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      asTextsWhereWanted(part, properties?.[key], entryOf(node, key)?.value),
    ]),
  );
}

/** Checks arguments against the schema of their resource; what is unknown passes until it is known. */
export function checkArguments(args: Args, place: ArgumentPlace, problems: Problems): void {
  const unknowns: string[] = [];
  const visible = visibleValue(args, '', unknowns, place, problems);
  const validate = validatorOf(place.resource);
  if (validate(visible)) return;
  const errors = (validate.errors ?? []).filter((error) => !concernsUnknown(error, unknowns));
  // Where one of several forms was wanted, what each form lacks says less than that none fits.
  const forms = errors.filter((error) => error.keyword === 'oneOf' || error.keyword === 'anyOf');
  for (const error of errors)
    if (forms.includes(error) || !forms.some((form) => error.schemaPath.startsWith(`${form.schemaPath}/`)))
      reportArgument(error, args, place, problems);
}

/** Whether the names of the arguments exist: known before anything is rendered. */
export function checkArgumentNames(place: ArgumentPlace, problems: Problems): void {
  const { properties, additionalProperties } = place.resource.schema;
  if (additionalProperties !== false) return;
  for (const { key, keyPosition } of place.args.entries)
    if (!Object.hasOwn((properties ?? {}) as object, key))
      problems.error(
        `\`${place.resource.name}\` has no argument \`${key}\``,
        keyPosition,
        argumentHint(key, place.resource),
      );
}

function validatorOf({ schema }: ResourceSchema): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  ajv ??= new Ajv2020({ allErrors: true, strict: false, validateSchema: false });
  const validate = ajv.compile(schema);
  validators.set(schema, validate);
  return validate;
}

/** The arguments as the schema sees them: secrets and unknowns are left out. */
function visibleValue(
  value: Value,
  path: string,
  unknowns: string[],
  place: ArgumentPlace,
  problems: Problems,
): Json {
  if (value instanceof Unknown && !value.isSecret) {
    unknowns.push(path);
    return null;
  }
  if (value instanceof Secret || value instanceof Unknown) {
    if (!mayBeSecret(path, place.resource))
      problems.error(
        `\`${argumentName(path)}\` of \`${place.resource.name}\` would show a secret`,
        partAt(place.args, segments(path)).position,
        'secrets may only stand where they are not seen: in the content of a file, or the stdin of a command',
      );
    unknowns.push(path);
    return null;
  }
  if (Array.isArray(value))
    return value.map((item, index) => visibleValue(item, `${path}/${index}`, unknowns, place, problems));
  if (!isRecord(value)) return value as Json;
  return Object.fromEntries(
    Object.entries(value).map(([key, part]) => [
      key,
      visibleValue(
        part,
        `${path}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`,
        unknowns,
        place,
        problems,
      ),
    ]),
  );
}

/** Arguments marked `x-secret`, and what is in them. */
function mayBeSecret(path: string, { schema }: ResourceSchema): boolean {
  const properties = (schema.properties ?? {}) as { [name: string]: { [key: string]: Json } };
  return properties[segments(path)[0] ?? '']?.['x-secret'] === true;
}

function concernsUnknown(error: ErrorObject, unknowns: readonly string[]): boolean {
  const { instancePath } = error;
  return unknowns.some(
    (path) =>
      instancePath === path ||
      instancePath.startsWith(`${path}/`) ||
      (path.startsWith(`${instancePath}/`) &&
        ['oneOf', 'anyOf', 'not', 'if', 'uniqueItems', 'contains'].includes(error.keyword)) ||
      (path.startsWith(instancePath) && /\/(oneOf|anyOf|not|if|then|else)\//.test(error.schemaPath)),
  );
}
