import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import type { Position } from '../core/diagnostic.ts';
import type { JsonSchema } from '../core/resource.ts';
import { Secret } from '../core/secret.ts';
import { isRecord, type Json, Unknown, type Value } from '../core/value.ts';
import { describe, oneOf } from './describe.ts';
import { booleanHint } from './fields.ts';
import { argumentHint, isKnownAs } from './foreign.ts';
import { entryOf, type LocatedMapping, partAt } from './located.ts';
import { didYouMean } from './nearest.ts';
import type { Problems } from './problems.ts';
import type { ResourceSchema } from './resource-schema.ts';

/** Where arguments come from, for messages. */
export interface ArgumentPlace {
  readonly resource: ResourceSchema;
  readonly resourcePosition: Position;
  readonly args: LocatedMapping;
}

type Args = { readonly [name: string]: Value };

const validators = new WeakMap<object, ValidateFunction>();
let ajv: Ajv2020 | undefined;

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
      report(error, args, place, problems);
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
  if (value instanceof Unknown) {
    unknowns.push(path);
    return null;
  }
  if (value instanceof Secret) {
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

function report(error: ErrorObject, args: Args, place: ArgumentPlace, problems: Problems): void {
  const path = segments(error.instancePath);
  const name = place.resource.name;
  const found = valueAt(args, path);
  const part = partAt(place.args, path);
  const position = path.length === 0 ? place.resourcePosition : part.position;
  const what = path.length === 0 ? `\`${name}\`` : `\`${argumentName(error.instancePath)}\` of \`${name}\``;
  const { params } = error;
  switch (error.keyword) {
    case 'additionalProperties': {
      const key = String(params.additionalProperty);
      const keyPosition = part.kind === 'mapping' ? entryOf(part, key)?.keyPosition : undefined;
      problems.error(
        path.length === 0 ? `\`${name}\` has no argument \`${key}\`` : `${what} has no \`${key}\``,
        keyPosition ?? position,
        path.length === 0
          ? argumentHint(key, place.resource)
          : didYouMean(key, propertiesAt(place.resource, path), 'there are'),
      );
      return;
    }
    case 'required':
      if (
        place.args.entries.some(({ key }) => isKnownAs(key, String(params.missingProperty), place.resource))
      )
        return;
      problems.error(
        `${what} needs \`${params.missingProperty}\``,
        position,
        descriptionOf(place.resource, [...path, String(params.missingProperty)]),
      );
      return;
    case 'type':
      problems.error(
        `${what} must be ${typeInWords(params.type)}, found ${describe(found)}`,
        position,
        typeHint(params.type, found, path),
      );
      return;
    case 'enum':
      problems.error(
        `${what} must be ${oneOf((params.allowedValues as Json[]).map(String))}, found ${describe(found)}`,
        position,
      );
      return;
    case 'pattern':
      problems.error(
        `${what} does not have the right form, found ${describe(found)}`,
        position,
        path.includes('mode')
          ? 'write four octal digits in quotes: "0644"'
          : descriptionOf(place.resource, path),
      );
      return;
    case 'oneOf':
    case 'anyOf':
      problems.error(
        path.length === 0
          ? `the arguments of ${what} do not fit together`
          : `${what} has none of its forms, found ${describe(found)}`,
        position,
        requiredForms(place.resource, path) ?? descriptionOf(place.resource, path),
      );
      return;
    default:
      problems.error(
        `${what} ${error.message ?? 'is wrong'}, found ${describe(found)}`,
        position,
        descriptionOf(place.resource, path),
      );
  }
}

function typeInWords(type: unknown): string {
  const words: { readonly [type: string]: string } = {
    string: 'a text',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping',
    null: 'nothing',
  };
  const types = Array.isArray(type) ? type : [type];
  return oneOf(types.map((t) => words[String(t)] ?? String(t)));
}

function typeHint(type: unknown, found: Value | undefined, path: readonly string[]): string | undefined {
  if (path.at(-1) === 'mode' && typeof found === 'number') return 'write four octal digits in quotes: "0644"';
  const types = Array.isArray(type) ? type : [type];
  if (types.includes('boolean')) return booleanHint(found);
  if (types.includes('string') && (typeof found === 'number' || typeof found === 'boolean'))
    return `write "${found}"`;
  if (
    typeof found === 'string' &&
    (types.includes('integer') || types.includes('number')) &&
    /^-?\d+$/.test(found)
  )
    return `write ${found}, without quotes; a variable keeps its type when the value is only "{{ name }}"`;
  if (types.includes('array') && typeof found === 'string')
    return `write [${found}], or one item per line after \`- \``;
  return undefined;
}

/** For "one of these arguments": which ones. */
function requiredForms(resource: ResourceSchema, path: readonly string[]): string | undefined {
  if (path.length > 0) return undefined;
  const forms = (resource.schema.oneOf ?? resource.schema.anyOf) as
    | readonly { [key: string]: Json }[]
    | undefined;
  const names = (forms ?? []).flatMap((form) =>
    Array.isArray(form.required) ? form.required.map(String) : [],
  );
  return names.length > 0 ? `write exactly one of: ${[...new Set(names)].join(', ')}` : undefined;
}

function descriptionOf(resource: ResourceSchema, path: readonly string[]): string | undefined {
  const description = schemaAt(resource, path)?.description;
  return typeof description === 'string' ? description : undefined;
}

function propertiesAt(resource: ResourceSchema, path: readonly string[]): string[] {
  return Object.keys((schemaAt(resource, path)?.properties ?? {}) as object);
}

/** The part of the schema that describes the value at a path. */
function schemaAt(resource: ResourceSchema, path: readonly string[]): JsonSchema | undefined {
  let schema: JsonSchema | undefined = resource.schema;
  for (const segment of path) {
    const properties = schema?.properties as { readonly [name: string]: JsonSchema } | undefined;
    schema = properties?.[segment] ?? (schema?.items as JsonSchema | undefined);
  }
  return schema;
}

function argumentName(path: string): string {
  return segments(path).join('.');
}

function segments(path: string): string[] {
  return path
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function valueAt(value: Value | undefined, path: readonly string[]): Value | undefined {
  const [head, ...rest] = path;
  if (head === undefined || value === undefined) return value;
  if (Array.isArray(value)) return valueAt(value[Number(head)], rest);
  return isRecord(value) ? valueAt(value[head], rest) : undefined;
}
