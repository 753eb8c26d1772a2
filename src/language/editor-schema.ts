import type { JsonSchema } from '../core/resource.ts';
import { isRecord, type Json } from '../core/value.ts';
import { BLOCK_KEYWORDS_SAID, CONNECTION_SAID, PLAY_KEYWORDS_SAID, TASK_KEYWORDS_SAID } from './keywords.ts';
import type { ResourceSchema } from './resource-schema.ts';
import { RUNBOOK_KEYWORDS } from './runbook-keywords.ts';

/** What a resource says for editors, beside its schema. */
export interface EditorResource extends ResourceSchema {
  readonly summary: string;
}

/** A text with a template in it may stand wherever a value may. */
const TEMPLATE: JsonSchema = { type: 'string', pattern: '\\{\\{' };
/** All resources are described in one file; that of the tasks lies beside the others. */
export const TASKS_FILE = 'tasks.schema.json';
const TASK_DEFINITION: JsonSchema = { task: { $ref: `${TASKS_FILE}#/$defs/task` } };
const DRAFT = 'https://json-schema.org/draft/2020-12/schema';

/** JSON Schema of playbooks, for editors: completion, descriptions, the commonest slips. `fanops validate` knows more. */
export function playbookSchema(): JsonSchema {
  return {
    $schema: DRAFT,
    title: 'A playbook of fanops',
    type: 'array',
    items: { anyOf: [{ $ref: '#/$defs/play' }, { $ref: '#/$defs/import' }] },
    $defs: {
      play: {
        type: 'object',
        properties: PLAY_KEYWORDS_SAID,
        required: ['hosts'],
        additionalProperties: false,
      },
      import: {
        type: 'object',
        properties: {
          name: PLAY_KEYWORDS_SAID.name as Json,
          import_playbook: { type: 'string', description: 'The plays of another file, beside this one.' },
          tags: PLAY_KEYWORDS_SAID.tags as Json,
          vars: PLAY_KEYWORDS_SAID.vars as Json,
        },
        required: ['import_playbook'],
        additionalProperties: false,
      },
      ...TASK_DEFINITION,
    },
  };
}

/** JSON Schema of runbooks. */
export function runbookSchema(): JsonSchema {
  return {
    $schema: DRAFT,
    title: 'A runbook of fanops',
    type: 'object',
    properties: RUNBOOK_KEYWORDS,
    required: ['runbook', 'steps'],
    additionalProperties: false,
    $defs: TASK_DEFINITION,
  };
}

/** JSON Schema of files that `include_tasks` and `import_tasks` read. */
export function tasksSchema(resources: readonly EditorResource[]): JsonSchema {
  return {
    $schema: DRAFT,
    title: 'Tasks of fanops',
    type: 'array',
    items: { $ref: '#/$defs/task' },
    $defs: {
      task: { anyOf: [{ $ref: '#/$defs/single' }, { $ref: '#/$defs/block' }] },
      block: {
        type: 'object',
        properties: BLOCK_KEYWORDS_SAID,
        required: ['block'],
        additionalProperties: false,
      },
      single: single(resources),
    },
  };
}

function single(resources: readonly EditorResource[]): JsonSchema {
  const own = Object.fromEntries(resources.map((resource) => [resource.name, argumentsOf(resource)]));
  return {
    type: 'object',
    properties: {
      ...TASK_KEYWORDS_SAID,
      ...own,
      include_tasks: { type: 'string', description: 'The tasks of another file.' },
      import_tasks: { type: 'string', description: 'The same as `include_tasks`.' },
      meta: { enum: ['flush_handlers'], description: 'Runs the notified handlers here.' },
    },
    not: { required: ['block'] },
    additionalProperties: false,
  };
}

function argumentsOf(resource: EditorResource): JsonSchema {
  const written = forEditors(resource.schema);
  const schema = { ...written, description: resource.summary };
  return resource.shorthand === undefined
    ? schema
    : { anyOf: [schema, { type: 'string' }], description: resource.summary };
}

/** Without our own keywords and what people do not write; every value may be a template. */
function forEditors(schema: JsonSchema): JsonSchema {
  const { properties, 'x-written': written } = schema;
  if (isRecord(written)) return { ...(written as JsonSchema), description: schema.description ?? '' };
  const plain = Object.fromEntries(Object.entries(schema).filter(([key]) => !key.startsWith('x-')));
  if (!isRecord(properties)) return plain;
  const shown = Object.entries(properties as { readonly [name: string]: JsonSchema })
    .filter(([, property]) => property['x-internal'] !== true)
    .map(([name, property]) => [name, orTemplate(forEditors(property))]);
  return { ...plain, properties: Object.fromEntries(shown) };
}

function orTemplate({
  description,
  default: byDefault,
  ...schema
}: {
  readonly [key: string]: Json;
}): JsonSchema {
  return {
    anyOf: [schema, TEMPLATE],
    ...(description === undefined ? {} : { description }),
    ...(byDefault === undefined ? {} : { default: byDefault }),
  };
}

/** JSON Schema of inventories. */
export function inventorySchema(): JsonSchema {
  const variables = {
    type: ['object', 'null'],
    properties: CONNECTION_SAID,
  };
  return {
    $schema: DRAFT,
    title: 'An inventory of fanops',
    type: 'object',
    additionalProperties: { $ref: '#/$defs/group' },
    $defs: {
      group: {
        type: ['object', 'null'],
        properties: {
          hosts: {
            type: ['object', 'null'],
            additionalProperties: variables,
            description: 'Hosts and their variables.',
          },
          children: {
            type: ['object', 'null'],
            additionalProperties: { $ref: '#/$defs/group' },
            description: 'Groups inside of this one.',
          },
          vars: { ...variables, description: 'Variables of all its hosts.' },
        },
        additionalProperties: false,
      },
    },
  };
}
