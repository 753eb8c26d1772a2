import { InputError } from '../../src/core/diagnostic.ts';
import { Secret } from '../../src/core/secret.ts';
import type { Playbook, RenderedItem, Scope, Task } from '../../src/core/task.ts';
import { Unknown, type Value } from '../../src/core/value.ts';
import { type Loaded, loadInventory } from '../../src/language/load-inventory.ts';
import { type LoadOptions, loadPlaybook } from '../../src/language/load-playbook.ts';
import type { ResourceSchema } from '../../src/language/resource-schema.ts';

const text = { type: 'string' };
const flag = { type: 'boolean' };
const mode = { type: 'string', pattern: '^0[0-7]{3}$' };
const content = { type: 'string', 'x-secret': true };

function schema(properties: ResourceSchema['schema'], required: string[]): ResourceSchema['schema'] {
  return { type: 'object', properties, required, additionalProperties: false };
}

function declare(
  name: string,
  args: ResourceSchema['schema'],
  result: ResourceSchema['result'],
  shorthand?: string,
): ResourceSchema {
  return { name, kind: 'resource', scope: 'host', schema: args, result, ...(shorthand && { shorthand }) };
}

const PATH = schema({ path: text }, ['path']);

/** Enough of the real resources to write playbooks with. */
export const RESOURCES: readonly ResourceSchema[] = [
  declare(
    'file',
    schema({ path: { ...text, 'x-known-as': ['dest'] }, content, mode, source: {}, src: text, owner: text }, [
      'path',
    ]),
    PATH,
  ),
  declare('copy', schema({ dest: text, content, mode, source: {}, src: text }, ['dest']), PATH),
  declare('template', schema({ dest: text, content, mode, src: text }, ['dest']), PATH),
  declare(
    'package',
    { ...schema({ name: { type: ['string', 'array'] }, recommends: flag }, ['name']), 'x-known-as': ['apt'] },
    { type: 'object' },
  ),
  declare(
    'service',
    schema({ name: text, state: { enum: ['started', 'stopped'] }, enabled: flag }, ['name']),
    { type: 'object' },
  ),
  declare(
    'command',
    schema(
      {
        cmd: text,
        argv: { type: 'array', items: text },
        stdin: content,
        creates: text,
        environment: { type: 'object', 'x-secret': true, 'x-inherits': true },
      },
      [],
    ),
    schema({ status: { type: 'integer' }, stdout: text, stdout_lines: { type: 'array', items: text } }, []),
    'cmd',
  ),
  declare('wait_for', schema({ port: { type: 'integer' }, timeout: text }, ['port']), { type: 'object' }),
  declare(
    'secret',
    schema({ path: text }, ['path']),
    schema({ path: text, value: content, fingerprint: text }, []),
  ),
  declare(
    'members',
    schema({}, []),
    schema(
      {
        leader: text,
        members: { type: 'array', items: schema({ name: text, role: text, lag: { type: 'number' } }, []) },
      },
      [],
    ),
  ),
  declare(
    'assert',
    schema(
      { that: { type: 'array', minItems: 1, description: 'Conditions that must all hold.' }, msg: text },
      ['that'],
    ),
    { type: 'object' },
  ),
];

export const INVENTORY = `all:
  vars:
    port: 5432
    names: [a, b]
    settings: { level: high, size: 3 }
    enabled: true
    release: bookworm
  children:
    db:
      hosts:
        db1: { ansible_host: 10.0.0.1, index: 1 }
        db2: { ansible_host: 10.0.0.2, index: 2 }
      vars: { role: database }
    web:
      hosts:
        web1:
`;

export function inventory(source = INVENTORY): Loaded {
  return loadInventory('hosts.yml', source);
}

type Options = Partial<Omit<LoadOptions, 'text'>> & { readonly files?: { readonly [path: string]: string } };

/** Loads a playbook against the inventory above; `files` stand beside it. */
export function playbook(source: string, { files = {}, ...options }: Options = {}): Playbook {
  return loadPlaybook({
    file: 'play.yml',
    text: source,
    inventory: inventory(),
    resources: RESOURCES,
    readFile(path) {
      const found = files[path];
      if (found !== undefined) return found;
      throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
    },
    ...options,
  });
}

/** A play on db1 and db2 with these tasks. */
export function tasks(source: string, options: Options & { head?: string } = {}): readonly Task[] {
  const indented = source.trim().replace(/^/gm, '    ');
  const { head = '', ...rest } = options;
  return (
    playbook(`- hosts: db\n${head.replace(/^(?=.)/gm, '  ')}  tasks:\n${indented}\n`, rest).plays[0]?.tasks ??
    []
  );
}

export function task(source: string, options: Options & { head?: string } = {}): Task {
  const all = tasks(source, options);
  return all[all.length - 1] as Task;
}

export const FACTS = { hostname: 'db1', codename: 'bookworm', cpus: 4, systemd: true };

export function scope(registers: { [name: string]: Value } = {}, host = 'db1', facts: Value = FACTS): Scope {
  return { host, registers, facts };
}

/** The items, which are expected to be known. */
export function items(of: Task, at: Scope = scope()): readonly RenderedItem[] {
  const rendered = of.render(at);
  if (rendered instanceof Unknown) throw new Error(`not known: ${rendered}`);
  return rendered;
}

/** The arguments of the one item. */
export function args(of: Task, at: Scope = scope()): RenderedItem['args'] {
  return items(of, at)[0]?.args ?? {};
}

/** A value of an argument that renders `text` on db1. */
export function rendered(text: string, at: Scope = scope(), head = ''): Value | undefined {
  return args(task(`- file: { path: /x, content: ${JSON.stringify(text)} }`, { head }), at).content;
}

/** Mistakes as `line:column message | hint`, those of other files with their name in front. */
export function mistakes(load: () => unknown, file = 'play.yml'): string[] {
  try {
    load();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return error.diagnostics.map(({ position, message, hint }) => {
      const place = position ? `${position.line}:${position.column} ` : '';
      const name = position && position.file !== file ? `${position.file}:` : '';
      return `${name}${place}${message}${hint === undefined ? '' : ` | ${hint}`}`;
    });
  }
  return [];
}

/** What a secret says when it is at its end. */
export function exposed(value: Value | undefined): string {
  if (!(value instanceof Secret)) throw new Error(`no secret: ${JSON.stringify(value)}`);
  return value.expose();
}
