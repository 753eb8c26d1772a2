import type { JsonSchema } from '../core/resource.ts';
import { MASK, Secret } from '../core/secret.ts';
import { isRecord, type Json, Unknown, type Value } from '../core/value.ts';

/** What is known of a value's type, for checking conditions before any host is touched. */
export type Shape =
  | { readonly kind: 'dyn' | 'string' | 'int' | 'double' | 'bool' | 'secret' }
  | { readonly kind: 'list'; readonly of: Shape }
  | { readonly kind: 'map'; readonly of: Shape }
  | ObjectShape;

export interface ObjectShape {
  readonly kind: 'object';
  readonly fields: { readonly [name: string]: Shape };
}

export const DYN: Shape = { kind: 'dyn' };
export const STRING: Shape = { kind: 'string' };
export const BOOL: Shape = { kind: 'bool' };
export const INT: Shape = { kind: 'int' };

export function objectShape(fields: { readonly [name: string]: Shape }): ObjectShape {
  return { kind: 'object', fields };
}

/** `facts.*`: what a host says of itself. */
export const FACTS = objectShape({
  hostname: STRING,
  distribution: STRING,
  codename: STRING,
  architecture: STRING,
  kernel: STRING,
  cpus: INT,
  memoryMb: INT,
  bootId: STRING,
  uid: INT,
  user: STRING,
  systemd: BOOL,
  pendingHandlers: { kind: 'list', of: STRING },
});

/** The type that a JSON Schema describes; `x-secret: true` (or `writeOnly`) marks a secret. */
export function shapeOfSchema(schema: Json | undefined): Shape {
  if (schema === null || typeof schema !== 'object' || Array.isArray(schema)) return DYN;
  const { type, properties, items, additionalProperties, ...rest } = schema as JsonSchema;
  if (rest['x-secret'] === true || rest.writeOnly === true || rest.format === 'secret')
    return { kind: 'secret' };
  if (type === undefined && Array.isArray(rest.enum) && rest.enum.every((v) => typeof v === 'string'))
    return STRING;
  switch (type) {
    case 'string':
      return STRING;
    case 'integer':
      return INT;
    case 'number':
      return { kind: 'double' };
    case 'boolean':
      return BOOL;
    case 'array':
      return { kind: 'list', of: shapeOfSchema(items) };
    case 'object':
      if (isRecord(properties as Value))
        return objectShape(
          Object.fromEntries(Object.entries(properties as JsonSchema).map(([k, v]) => [k, shapeOfSchema(v)])),
        );
      return { kind: 'map', of: shapeOfSchema(additionalProperties) };
    default:
      return DYN;
  }
}

/** The type that a value has; what is unknown may turn out to be anything. */
export function shapeOfValue(value: Value): Shape {
  if (value === null || value instanceof Unknown) return DYN;
  if (value instanceof Secret) return { kind: 'secret' };
  if (typeof value === 'string') return STRING;
  if (typeof value === 'boolean') return BOOL;
  if (typeof value === 'number') return Number.isInteger(value) ? INT : { kind: 'double' };
  if (Array.isArray(value)) return { kind: 'list', of: value.map(shapeOfValue).reduce(mergeShapes, EMPTY) };
  const entries = Object.entries(value);
  if (entries.length === 0) return { kind: 'map', of: DYN };
  return objectShape(Object.fromEntries(entries.map(([k, v]) => [k, shapeOfValue(v)])));
}

/** Of an empty list nothing is known, and anything may be merged into it. */
const EMPTY: Shape = { kind: 'dyn' };

/** The type of a value that is one or the other, as between hosts. */
export function mergeShapes(a: Shape, b: Shape): Shape {
  if (a === b || b === EMPTY) return a;
  if (a === EMPTY) return b;
  if (a.kind === 'list' && b.kind === 'list') return { kind: 'list', of: mergeShapes(a.of, b.of) };
  if (a.kind === 'object' && b.kind === 'object') return mergeObjects(a, b);
  if (a.kind === 'object' && b.kind === 'map') return a;
  if (a.kind === 'map' && b.kind === 'object') return b;
  if (isNumber(a) && isNumber(b)) return a.kind === b.kind ? a : { kind: 'double' };
  return a.kind === b.kind && a.kind !== 'map' ? a : DYN;
}

/** A value of a type of which nothing else is known: what has fields has them, each unknown. */
export function unknownOf(shape: Shape, after: string): Value {
  if (shape.kind === 'secret') return Secret.open('', MASK);
  if (shape.kind !== 'object') return new Unknown(after);
  return Object.fromEntries(Object.entries(shape.fields).map(([k, v]) => [k, unknownOf(v, after)]));
}

function mergeObjects(a: ObjectShape, b: ObjectShape): ObjectShape {
  const fields: { [name: string]: Shape } = { ...a.fields };
  for (const [name, shape] of Object.entries(b.fields)) {
    const known = fields[name];
    fields[name] = known ? mergeShapes(known, shape) : shape;
  }
  return objectShape(fields);
}

function isNumber(shape: Shape): boolean {
  return shape.kind === 'int' || shape.kind === 'double';
}
