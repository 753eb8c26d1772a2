import type { JsonSchema } from '../core/resource.ts';
import { Secret } from '../core/secret.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import type { TaskDraft } from './draft.ts';
import type { Fields } from './fields.ts';
import { type Entry, entryOf, type Located, plainValue } from './located.ts';
import type { Names } from './names.ts';
import { Mistake, type Problems } from './problems.ts';
import { renderValue } from './render-value.ts';
import type { ResourceSchema } from './resource-schema.ts';
import { hasTemplate } from './template.ts';

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Whether what plays, blocks and tasks say of the environment reaches a program of this resource. */
export function takesEnvironment({ schema }: ResourceSchema): boolean {
  const { environment } = (schema.properties ?? {}) as { readonly [name: string]: JsonSchema };
  return environment?.['x-inherits'] === true;
}

/** `environment` of a play, block or task: a mapping, or a template that comes to one. */
export function readEnvironment(fields: Fields, problems: Problems): Located | undefined {
  const value = fields.entry('environment')?.value;
  if (value?.kind === 'scalar' && typeof value.value === 'string' && hasTemplate(value.value)) return value;
  const mapping = fields.mappingOf('environment');
  if (!mapping) return undefined;
  const isGood = (entry: Entry): boolean =>
    problems.collect(() => {
      checkName(entry);
      checkVariable(entry.key, plainValue(entry.value), entry.value);
      return true;
    }, entry.keyPosition) === true;
  return { ...mapping, entries: mapping.entries.filter(isGood) };
}

/** `environment` must lead somewhere: only programs read it. */
export function refuseEnvironment(fields: Fields, resource: ResourceSchema, problems: Problems): void {
  const entry = fields.entry('environment');
  if (entry && !takesEnvironment(resource))
    problems.error(
      `\`${resource.name}\` runs no program that would read \`environment\``,
      entry.keyPosition,
      'remove it, or write it at a task that does: command, shell, script',
    );
}

/** The arguments with what is said around them; what stands further in wins, name by name. */
export function withEnvironment(
  { resource, environment, args: written }: TaskDraft,
  args: { readonly [name: string]: Value },
  scope: Names,
): { readonly [name: string]: Value } {
  if (!takesEnvironment(resource)) return args;
  const own = args.environment;
  const node = entryOf(written, 'environment')?.value;
  if (own !== undefined && !isMapping(own)) return args;
  const variables: { [name: string]: Value } = {};
  for (const layer of environment) {
    const value = renderValue(layer, scope);
    if (value instanceof Unknown) return { ...args, environment: value };
    if (!isMapping(value))
      throw new Mistake(`\`environment\` must be a mapping, found ${describe(value)}`, layer.position);
    Object.assign(variables, variablesOf(value, layer));
  }
  if (own !== undefined && node) Object.assign(variables, variablesOf(own, node));
  return Object.keys(variables).length === 0 ? args : { ...args, environment: variables };
}

function variablesOf(values: Mapping, layer: Located): Mapping {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => {
      const entry = layer.kind === 'mapping' ? entryOf(layer, name) : undefined;
      checkName(entry ?? { key: name, keyPosition: layer.position, value: layer });
      checkVariable(name, value, entry?.value ?? layer);
      return [name, asText(value, entry?.value)];
    }),
  );
}

/** Numbers and booleans as they are written: 1.10 stays 1.10. */
function asText(value: Value, node: Located | undefined): Value {
  if (typeof value !== 'number' && typeof value !== 'boolean') return value;
  return node?.kind === 'scalar' && typeof node.value !== 'string' ? node.written : String(value);
}

function checkName({ key, keyPosition }: Entry): void {
  if (!NAME.test(key))
    throw new Mistake(
      `\`${key}\` cannot be the name of an environment variable`,
      keyPosition,
      'write letters, digits and _, and no digit first',
    );
}

function checkVariable(name: string, value: Value, node: Located): void {
  const isText = ['string', 'number', 'boolean'].includes(typeof value);
  if (!isText && !(value instanceof Secret) && !(value instanceof Unknown))
    throw new Mistake(
      `the environment variable \`${name}\` must be a text, a number or a boolean, found ${describe(value)}`,
      node.position,
      value === null ? 'write "" for an empty one' : undefined,
    );
}

type Mapping = { readonly [name: string]: Value };

function isMapping(value: Value): value is Mapping {
  return isRecord(value) && !(value instanceof Secret) && !(value instanceof Unknown);
}
