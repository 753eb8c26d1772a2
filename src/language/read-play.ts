import type { Inventory } from '../core/task.ts';
import { layerOf } from './definitions.ts';
import { describe } from './describe.ts';
import type { PlayDraft, TaskDraft } from './draft.ts';
import { Fields } from './fields.ts';
import { playKeyHint } from './foreign.ts';
import { type Located, plainValue } from './located.ts';
import { matchHosts } from './patterns.ts';
import type { Problems } from './problems.ts';
import { readMaxFail } from './read-max-fail.ts';
import { readTags } from './read-task.ts';
import { type Inherited, NOTHING_INHERITED, readTaskList } from './read-tasks.ts';
import type { ResourceSchema } from './resource-schema.ts';
import { hasTemplate } from './template.ts';

const PLAY_KEYS: readonly string[] = [
  'name',
  'hosts',
  'defaults',
  'vars',
  'tasks',
  'handlers',
  'serial',
  'max_fail_percentage',
  'any_errors_fatal',
  'become',
  'become_user',
  'tags',
];

/** What reading a play needs to know. */
export interface PlayReading {
  readonly inventory: Inventory;
  /** False: what is missing in it has been said already. */
  readonly isInventoryWhole: boolean;
  readonly resources: readonly ResourceSchema[];
  readonly problems: Problems;
  /** Numbers tasks through the whole playbook. */
  nextNumber(): number;
}

/** Reads a playbook: a list of plays. Every mistake is collected. */
export function readPlays(root: Located | undefined, file: string, reading: PlayReading): PlayDraft[] {
  const { problems } = reading;
  if (root?.kind === 'list')
    return root.items
      .map((item, index) => readPlay(item, { id: `p${index + 1}`, label: `play ${index + 1}` }, reading))
      .filter((play) => play !== undefined);
  if (root?.kind === 'mapping' && root.entries.some(({ key }) => key === 'runbook' || key === 'steps'))
    problems.error('a playbook was expected, found a runbook', root.position, 'run it with `fanops run`');
  else if (root?.kind === 'mapping')
    problems.error(
      'a playbook is a list of plays, found a mapping',
      root.position,
      'write `- hosts: …`, with a dash',
    );
  else if (root)
    problems.error(
      `a playbook is a list of plays, found ${describe(plainValue(root))}`,
      root.position,
      'write `- hosts: …`',
    );
  else if (problems.count === 0)
    problems.error(
      'the playbook is empty',
      { file, line: 1, column: 1 },
      'write `- hosts: …` with `tasks:` below it',
    );
  return [];
}

/** How a play is called: in ids of tasks, and in messages. */
export interface PlayPlace {
  readonly id: string;
  readonly label: string;
}

/** Reads one play; undefined when it is none at all. */
export function readPlay(node: Located, place: PlayPlace, reading: PlayReading): PlayDraft | undefined {
  const { problems } = reading;
  if (node.kind !== 'mapping') {
    problems.error(
      `a play is a mapping, found ${describe(plainValue(node))}`,
      node.position,
      'write `- hosts: …`',
    );
    return undefined;
  }
  const fields = new Fields(node, problems);
  for (const { key, keyPosition } of node.entries)
    if (!PLAY_KEYS.includes(key))
      problems.error(`a play has no key \`${key}\``, keyPosition, playKeyHint(key, PLAY_KEYS));
  const hosts = readHosts(fields, reading);
  const become = fields.boolean('become') ?? (fields.entry('become_user') ? true : undefined);
  const becomeUser = fields.text('become_user');
  const inherited = { ...NOTHING_INHERITED, tags: readTags(fields), become, becomeUser };
  const tasks = readTasks(fields, 'tasks', `${place.id}.t`, inherited, reading);
  const handlers = readTasks(fields, 'handlers', `${place.id}.h`, { ...inherited, tags: [] }, reading);
  checkHandlers(tasks, handlers, problems);
  if (!fields.entry('tasks'))
    problems.error(
      'a play has `tasks:`, none found',
      node.position,
      'write `tasks:` with a list of tasks below it',
    );
  return {
    id: place.id,
    name: String(fields.text('name')?.value ?? (hostsText(fields) || place.label)),
    position: node.position,
    hosts,
    serial: fields.entry('serial')?.value,
    maxFailPercentage: readMaxFail(fields, problems),
    defaults: layerOf(fields.mappingOf('defaults'), 'defaults', `defaults of ${place.label}`, problems),
    vars: layerOf(fields.mappingOf('vars'), 'play', `vars of ${place.label}`, problems),
    tasks,
    handlers,
  };
}

function hostsText(fields: Fields): string {
  const value = fields.entry('hosts')?.value;
  return value?.kind === 'scalar' ? String(value.value ?? '') : '';
}

function readHosts(fields: Fields, { inventory, isInventoryWhole, problems }: PlayReading): string[] {
  if (!fields.entry('hosts')) {
    problems.error(
      'a play has `hosts:`, none found',
      fields.position,
      'write `hosts: all`, a group or a host',
    );
    return [];
  }
  const wanted = new Set<string>();
  for (const node of fields.texts('hosts')) {
    const pattern = String(node.value);
    if (hasTemplate(pattern)) {
      problems.error(
        '`hosts` is not rendered',
        node.position,
        'write a group, and choose hosts with --limit',
      );
      continue;
    }
    const told = isInventoryWhole ? problems : problems.fresh();
    for (const host of told.collect(() => matchHosts(pattern, inventory), node.position) ?? [])
      wanted.add(host);
  }
  return inventory.hosts.map((host) => host.name).filter((name) => wanted.has(name));
}

function readTasks(
  fields: Fields,
  key: 'tasks' | 'handlers',
  idPrefix: string,
  inherited: Inherited,
  reading: PlayReading,
): TaskDraft[] {
  const entry = fields.entry(key);
  const items = entry && plainValue(entry.value) !== null ? fields.list(key) : [];
  return readTaskList(items ?? [], idPrefix, inherited, { ...reading, mayNest: key === 'tasks' });
}

function checkHandlers(
  tasks: readonly TaskDraft[],
  handlers: readonly TaskDraft[],
  problems: Problems,
): void {
  const names = handlers.map((handler) => handler.name);
  handlers.forEach((handler, index) => {
    if (names.indexOf(handler.name) < index)
      problems.error(
        `there are two handlers called \`${handler.name}\``,
        handler.position,
        'give them different names',
      );
  });
  for (const task of [...tasks, ...handlers])
    for (const node of task.notify)
      if (!names.includes(String(node.value)))
        problems.error(
          `the play has no handler called \`${node.value}\``,
          node.position,
          names.length > 0 ? `handlers: ${names.join(', ')}` : 'write it under `handlers:` of the play',
        );
}
