import { CEL_WORDS } from './condition-environment.ts';
import { checkName } from './definitions.ts';
import { describe } from './describe.ts';
import type { TaskDraft } from './draft.ts';
import { refuseEnvironment } from './environment.ts';
import { Fields } from './fields.ts';
import { isForeignModule, taskKeyHint } from './foreign.ts';
import { conditionsOf, INHERITED_KEYS, type Inherited, inheritedFrom } from './inherited.ts';
import { type Entry, type Located, type LocatedMapping, type LocatedScalar, plainValue } from './located.ts';
import type { Problems } from './problems.ts';
import { readRetry } from './read-retry.ts';
import { readTouches } from './read-touches.ts';
import { FLUSH_HANDLERS, type ResourceSchema } from './resource-schema.ts';
import { hasTemplate } from './template.ts';

export const TASK_KEYWORDS: readonly string[] = [
  'name',
  'loop',
  'loop_control',
  'register',
  'until',
  'retries',
  'delay',
  'changed_when',
  'failed_when',
  'touches',
  'listen',
  ...INHERITED_KEYS,
];

/** What a task inherits from its play and blocks, and where it stands in them. */
export interface TaskPlace extends Inherited {
  readonly id: string;
  readonly number: number;
}

/** Reads one task; undefined when it does not even name a resource. Every mistake is collected. */
export function readTask(
  node: Located,
  place: TaskPlace,
  resources: readonly ResourceSchema[],
  problems: Problems,
): TaskDraft | undefined {
  if (node.kind !== 'mapping') {
    problems.error(
      `a task is a mapping, found ${describe(plainValue(node))}`,
      node.position,
      'write `- name: …` and the resource below it',
    );
    return undefined;
  }
  const fields = new Fields(node, problems);
  const found = findResource(node, resources, problems);
  if (!found) return undefined;
  const { entry, resource } = found;
  const { args, isWrong } = readArguments(entry, resource, problems);
  const loop = fields.entry('loop')?.value;
  const control = readLoopControl(fields, problems);
  refuseEnvironment(fields, resource, problems);
  if (resource === FLUSH_HANDLERS) refuseCondition(fields, place, node, problems);
  const register = readRegister(fields, problems);
  const name = readName(fields, resource, args, problems);
  const task: TaskDraft = {
    ...inheritedFrom(fields, place, `vars of task ${place.number}`, problems),
    id: place.id,
    number: place.number,
    name: place.label === '' ? name : `${name} (${place.label})`,
    position: node.position,
    resource,
    resourcePosition: entry.keyPosition,
    args,
    isBroken: isWrong === true || found.isRefused,
    until: conditionsOf(fields, 'until'),
    changedWhen: conditionsOf(fields, 'changed_when'),
    failedWhen: conditionsOf(fields, 'failed_when'),
    loop,
    loopVariable: control.variable,
    loopLabel: control.label,
    register,
    registerPosition: fields.entry('register')?.value.position ?? node.position,
    retry: readRetry(fields, problems),
    touches: readTouches(fields, problems),
    listen: fields.texts('listen'),
  };
  if (fields.entry('loop_control') && !loop)
    problems.error('`loop_control` has no effect without `loop`', fields.entry('loop_control')?.keyPosition);
  return task;
}

/** Handlers run for all hosts of the batch together: a condition has no host to be judged for. */
function refuseCondition(fields: Fields, place: TaskPlace, node: Located, problems: Problems): void {
  const own = fields.entry('when');
  if (own || (place.when.length > 0 && place.blocks.length > 0))
    problems.error(
      own
        ? '`meta: flush_handlers` cannot have `when`'
        : '`meta: flush_handlers` cannot stand in a block with `when`',
      own?.keyPosition ?? node.position,
      own ? 'write `when` at the handlers' : 'move it behind the block, or write `when` at the handlers',
    );
}

/** The full names that Ansible's own modules have. */
const BUILTIN = /^ansible\.(builtin|legacy)\./;

/** The one key of a task that is no keyword. */
function findResource(
  node: LocatedMapping,
  resources: readonly ResourceSchema[],
  problems: Problems,
): { entry: Entry; resource: ResourceSchema; isRefused: boolean } | undefined {
  const others = node.entries.filter((entry) => !TASK_KEYWORDS.includes(entry.key));
  const found: { entry: Entry; resource: ResourceSchema }[] = [];
  let isRefused = false;
  for (const entry of others) {
    const key = entry.key.replace(BUILTIN, '');
    const resource = key === 'meta' ? FLUSH_HANDLERS : resources.find((r) => r.name === key);
    if (resource) found.push({ entry, resource });
    else {
      isRefused = true;
      problems.error(
        isForeignModule(entry.key)
          ? `there is no resource \`${entry.key}\``
          : `a task has no key \`${entry.key}\``,
        entry.keyPosition,
        taskKeyHint(entry.key, TASK_KEYWORDS, resources),
      );
    }
  }
  if (found.length === 0 && !isRefused)
    problems.error(
      'this task says nothing to do: the name of a resource is missing',
      node.position,
      `write one of them as a key: ${resources.map((r) => r.name).join(', ')}`,
    );
  const second = found[1];
  if (second)
    problems.error(
      `a task has one resource, found \`${found[0]?.entry.key}\` and \`${second.entry.key}\``,
      second.entry.keyPosition,
      'write two tasks',
    );
  return found[0] && { ...found[0], isRefused };
}

function readArguments(
  entry: Entry,
  resource: ResourceSchema,
  problems: Problems,
): { args: LocatedMapping; isWrong?: boolean } {
  const { value } = entry;
  const empty: LocatedMapping = { kind: 'mapping', position: entry.keyPosition, entries: [] };
  if (resource === FLUSH_HANDLERS) {
    if (plainValue(value) !== 'flush_handlers')
      problems.error(
        `\`meta\` can only be flush_handlers, found ${describe(plainValue(value))}`,
        value.position,
        'write `meta: flush_handlers`',
      );
    return { args: empty };
  }
  if (value.kind === 'mapping') return { args: value };
  if (value.kind === 'scalar' && value.value === null) return { args: empty };
  if (value.kind === 'scalar' && resource.shorthand !== undefined)
    return {
      args: {
        kind: 'mapping',
        position: value.position,
        entries: [{ key: resource.shorthand, keyPosition: value.position, value }],
      },
    };
  const keyValue =
    value.kind === 'scalar' && typeof value.value === 'string' ? /^(\w+)=/.exec(value.value) : null;
  problems.error(
    `the arguments of \`${resource.name}\` are a mapping, found ${describe(plainValue(value))}`,
    value.position,
    keyValue ? `write \`${keyValue[1]}: …\` on a line of its own` : 'write `argument: value` lines below it',
  );
  return { args: empty, isWrong: true };
}

function readName(
  fields: Fields,
  resource: ResourceSchema,
  args: LocatedMapping,
  problems: Problems,
): string {
  const name = fields.text('name');
  if (name && hasTemplate(String(name.value)))
    problems.error(
      'the name of a task is not rendered: it is the same on every host',
      name.position,
      'write what it does in words',
    );
  if (name) return String(name.value);
  const telling = [resource.shorthand, 'name', 'path', 'dest'];
  const subject = telling.map((key) => args.entries.find((entry) => entry.key === key)?.value).find(Boolean);
  const isShown = subject?.kind === 'scalar' && !hasTemplate(String(subject.value));
  return isShown ? `${resource.name} ${subject.value}` : resource.name;
}

export function readLoopControl(
  fields: Fields,
  problems: Problems,
): { variable: string; label: LocatedScalar | undefined } {
  const mapping = fields.mappingOf('loop_control');
  if (!mapping) return { variable: 'item', label: undefined };
  const control = new Fields(mapping, problems);
  for (const { key, keyPosition } of mapping.entries)
    if (!['label', 'loop_var'].includes(key))
      problems.error(`\`loop_control\` has no key \`${key}\``, keyPosition, 'it has: label, loop_var');
  const variable = control.text('loop_var');
  if (variable && !isUsableName(variable, 'loop variable', problems))
    return { variable: 'item', label: undefined };
  return { variable: variable ? String(variable.value) : 'item', label: control.text('label') };
}

function readRegister(fields: Fields, problems: Problems): string | undefined {
  const name = fields.text('register');
  return name && isUsableName(name, 'register', problems) ? String(name.value) : undefined;
}

function isUsableName(node: LocatedScalar, what: 'register' | 'loop variable', problems: Problems): boolean {
  const name = String(node.value);
  if (!checkName(name, what, node.position, problems)) return false;
  if (!CEL_WORDS.has(name)) return true;
  problems.error(
    `a ${what} cannot be called \`${name}\`: the condition language (CEL) has that word`,
    node.position,
    `choose another name, such as \`my_${name}\``,
  );
  return false;
}
