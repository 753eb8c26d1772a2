import type { AnyResource, JsonSchema } from '../core/resource.ts';
import { isRecord, type Json } from '../core/value.ts';

/** The reference page of a resource or action, in Markdown. */
export function referencePage(resource: AnyResource): string {
  const { name, kind, scope, summary, shorthand, schema, result, examples = [] } = resource;
  const given = rows(schema, '');
  const kept = rows({ ...result, required: [] }, '');
  return [
    `# ${name}`,
    `${summary}`,
    `${an(kind)} ${scopeText(scope)}.${shorthand === undefined ? '' : ` \`${name}: text\` stands for \`${name}: { ${shorthand}: text }\`.`}`,
    '## Arguments',
    given.length === 0 ? 'None.' : table(['argument', 'type', 'meaning'], given),
    '## What `register` keeps',
    kept.length === 0
      ? 'Whether it `changed`, `failed` or was `skipped`.'
      : `Beside \`changed\`, \`failed\` and \`skipped\`:\n\n${table(['field', 'type', 'meaning'], kept)}`,
    ...(examples.length === 0 ? [] : ['## Examples']),
    ...examples.map(({ title, yaml }) => `${title}:\n\n\`\`\`yaml\n${yaml.trimEnd()}\n\`\`\``),
  ]
    .join('\n\n')
    .concat('\n');
}

/** The list of all of them. */
export function referenceIndex(resources: readonly AnyResource[]): string {
  const listed = (kind: AnyResource['kind']) =>
    table(
      ['name', 'what it is'],
      resources
        .filter((one) => one.kind === kind)
        .map(({ name, summary }) => [`[${name}](${name}.md)`, summary]),
    );
  return [
    '# Resources and actions',
    'A _resource_ is declared: fanops looks, compares, and changes only what differs. An _action_ is done each time its task',
    'is reached, unless a condition keeps it from that. What every task can have: [language](../language.md#playbook).',
    '## Resources',
    listed('resource'),
    '## Actions',
    listed('action'),
  ]
    .join('\n\n')
    .replace('done each time its task\n\nis', 'done each time its task\nis')
    .concat('\n');
}

type Row = readonly [name: string, type: string, meaning: string];

function rows(schema: JsonSchema, prefix: string): Row[] {
  const properties = isRecord(schema.properties as Json)
    ? (schema.properties as { [name: string]: JsonSchema })
    : {};
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties)
    .filter(([, property]) => property['x-internal'] !== true)
    .flatMap(([name, property]): Row[] => [
      [
        `\`${prefix}${name}\`${required.includes(name) && prefix === '' ? ', required' : ''}`,
        typeText(property),
        meaningText(property),
      ],
      ...(property['x-written'] === undefined ? rowsInside(property, `${prefix}${name}`) : []),
    ]);
}

function rowsInside(property: JsonSchema, name: string): Row[] {
  const { items } = property;
  return [...rows(property, `${name}.`), ...(isRecord(items) ? rows(items as JsonSchema, `${name}[].`) : [])];
}

function typeText(schema: JsonSchema): string {
  if (schema['x-written'] !== undefined) return typeText(schema['x-written'] as JsonSchema);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => `\`${value}\``).join(', ');
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  const forms = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(forms))
    return [...new Set(forms.map((form) => typeText(form as JsonSchema)))].join(' or ');
  const types = Array.isArray(schema.type) ? schema.type : [schema.type ?? 'any'];
  return types.map((type) => named(String(type), schema)).join(' or ');
}

function named(type: string, schema: JsonSchema): string {
  if (type === 'string') return 'text';
  if (type === 'object') return 'mapping';
  if (type === 'integer') return 'whole number';
  if (type === 'null') return 'nothing';
  if (type !== 'array') return type;
  return isRecord(schema.items as Json) ? `list of ${typeText(schema.items as JsonSchema)}` : 'list';
}

function meaningText({ description, default: byDefault, ...schema }: JsonSchema): string {
  const parts = [
    description ?? '',
    byDefault === undefined ? '' : `Default: \`${JSON.stringify(byDefault)}\`.`,
    schema['x-secret'] === true ? 'May be a secret.' : '',
  ];
  return parts.filter((part) => part !== '').join(' ');
}

function an(kind: AnyResource['kind']): string {
  return kind === 'action' ? 'An action' : 'A resource';
}

function scopeText(scope: AnyResource['scope']): string {
  if (scope === 'cluster') return 'of a cluster: planned once for its members, done by one of them';
  return scope === 'controller' ? 'of the controller' : 'of a host';
}

function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...body.map(line)].join('\n');
}
