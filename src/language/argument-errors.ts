import type { ErrorObject } from 'ajv/dist/2020.js';
import type { Position } from '../core/diagnostic.ts';
import type { JsonSchema } from '../core/resource.ts';
import { isRecord, type Json, type Value } from '../core/value.ts';
import { describe, oneOf } from './describe.ts';
import { booleanHint } from './fields.ts';
import { argumentHint, isKnownAs, valueHint } from './foreign.ts';
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

/** Says what the schema objects to, at the argument, in words of the playbook. */
export function reportArgument(
  error: ErrorObject,
  args: Args,
  place: ArgumentPlace,
  problems: Problems,
): void {
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
        typeHint(params.type, found, path) ?? wholeHint(found, part.kind === 'scalar'),
      );
      return;
    case 'enum':
      problems.error(
        `${what} must be ${oneOf((params.allowedValues as Json[]).map(String))}, found ${describe(found)}`,
        position,
        valueHint(place.resource.name, path.join('.'), found),
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
    case 'minItems':
    case 'minProperties':
      problems.error(
        `${what} needs at least ${params.limit}, found ${params.limit === 1 ? `${describe(found)} without any` : describe(found)}`,
        position,
        descriptionOf(place.resource, path),
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

/** A template that comes to more than one value. */
function wholeHint(found: Value | undefined, isTemplate: boolean): string | undefined {
  if (!isTemplate || !(isRecord(found) || Array.isArray(found))) return undefined;
  return 'name one field of it, as {{users.[0].name}} does, or write it whole: {{json users}}';
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

/** A path of the schema's kind, `/a/0/b`, as people write it. */
export function argumentName(path: string): string {
  return segments(path).join('.');
}

export function segments(path: string): string[] {
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
