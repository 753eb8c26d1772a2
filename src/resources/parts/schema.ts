import type { JsonSchema } from '../../core/resource.ts';

/** An object schema: what resources take and give. Other names are refused. */
export function object(
  properties: { readonly [name: string]: JsonSchema },
  required: readonly string[] = [],
): JsonSchema {
  return { type: 'object', properties, required, additionalProperties: false };
}

export function text(description: string): JsonSchema {
  return { type: 'string', description };
}

export function flag(description: string, byDefault: boolean): JsonSchema {
  return { type: 'boolean', default: byDefault, description };
}

export function portNumber(description: string, byDefault: number): JsonSchema {
  return { type: 'integer', minimum: 1, maximum: 65_535, default: byDefault, description };
}

export function oneOf(values: readonly string[], description: string): JsonSchema {
  return { type: 'string', enum: values, description };
}

/** Of the web; without blanks, as every such address is. */
export const URL: JsonSchema = { type: 'string', pattern: '^https?://[^\\s\\u0000-\\u0020"]+$' };

/** Absolute and in its one spelling, so that paths can be compared as texts. */
export function absolutePath(description: string): JsonSchema {
  return {
    type: 'string',
    pattern: '^(/(?!\\.{1,2}(/|$))[^/\\u0000]+)+$',
    description: `${description} Absolute, without ".", "..", "//" or a slash at the end.`,
  };
}

const NAME = '^[A-Za-z_][A-Za-z0-9_.-]{0,31}$';

export function accountName(description: string): JsonSchema {
  return { type: 'string', pattern: NAME, description };
}

/** What a path's owner, group and permissions are to be. */
export const ATTRIBUTES: { readonly [name: string]: JsonSchema } = {
  owner: accountName('Name of the user who owns it. Left as it is when absent.'),
  group: accountName('Name of the group it belongs to. Left as it is when absent.'),
  mode: {
    type: 'string',
    pattern: '^[0-7]{4}$',
    description: 'Permissions as four octal digits in quotes: "0644". Left as they are when absent.',
  },
};

/** Resolved by the language from `src`; not for people to write. */
export const SOURCE: JsonSchema = {
  ...object(
    {
      path: text('Where it is on the controller.'),
      sha256: text('Checksum of its content.'),
      size: { type: 'integer', description: 'Bytes.' },
    },
    ['path', 'sha256', 'size'],
  ),
  'x-internal': true,
  description: 'The file that `src` names; filled in when the playbook is loaded.',
};

export const DURATION: JsonSchema = {
  type: ['string', 'integer'],
  pattern: '^[0-9]+(ms|s|m|h)$',
  minimum: 0,
};

export function duration(description: string): JsonSchema {
  return {
    ...DURATION,
    description: `${description} A number with its unit ("500ms", "30s", "5m", "1h"), or seconds.`,
  };
}

/** Conditions: written as texts, and given to the resource as the language evaluated them. */
export function judged(description: string): JsonSchema {
  const condition: JsonSchema = { type: ['string', 'boolean'] };
  return {
    type: 'array',
    minItems: 1,
    items: object(
      {
        expression: text('As written.'),
        holds: { type: 'boolean', description: 'What it came to.' },
        seen: text('What it read, where it does not hold.'),
      },
      ['expression', 'holds'],
    ),
    'x-written': { anyOf: [condition, { type: 'array', items: condition, minItems: 1 }] },
    description,
  };
}
