import { Ajv2020 } from 'ajv/dist/2020.js';
import type { JsonSchema } from '../../src/core/resource.ts';
import { Secret } from '../../src/core/secret.ts';

const ajv = new Ajv2020({ strict: false });

/** Why a value does not fit a schema; undefined where it does. A secret counts as the text that it is. */
export function schemaProblem(schema: JsonSchema, value: unknown): string | undefined {
  const shown = withSecrets(value, (secret) => (secret.isOpen ? secret.expose() : secret.masked));
  return ajv.validate(schema, shown)
    ? undefined
    : `${JSON.stringify(shown).slice(0, 300)}: ${ajv.errorsText()}`;
}

/** The same with something else for every secret: two secrets compare as equal whatever they hold. */
export function withSecrets(value: unknown, instead: (secret: Secret) => unknown): unknown {
  if (value instanceof Secret) return instead(value);
  if (Array.isArray(value)) return value.map((one) => withSecrets(one, instead));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, withSecrets(v, instead)]));
}
