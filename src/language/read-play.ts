import { dirname } from 'node:path';
import type { Inventory } from '../core/task.ts';
import type { Layer } from './definitions.ts';
import { describe } from './describe.ts';
import type { PlayDraft, TaskDraft } from './draft.ts';
import { Fields } from './fields.ts';
import { playKeyHint } from './foreign.ts';
import { AT_THE_PLAYBOOK, type Includes } from './includes.ts';
import { type Inherited, NOTHING_INHERITED, readTags, withOwnEnvironment } from './inherited.ts';
import { type Located, plainValue } from './located.ts';
import { type Names, namesOf } from './names.ts';
import { checkOnlyLooks } from './only-looks.ts';
import { matchHosts } from './patterns.ts';
import { checkHandlers, FLUSH, withHandlers } from './play-handlers.ts';
import { readPlayVariables } from './play-variables.ts';
import type { Problems } from './problems.ts';
import { type Around, isImport, readImport } from './read-import.ts';
import { readMaxFail } from './read-max-fail.ts';
import { readTaskList } from './read-tasks.ts';
import type { ResourceSchema } from './resource-schema.ts';
import { hasTemplate } from './template.ts';

const PLAY_KEYS: readonly string[] = [
  'name',
  'hosts',
  'defaults',
  'vars',
  'vars_files',
  'pre_tasks',
  'tasks',
  'post_tasks',
  'handlers',
  'serial',
  'max_fail_percentage',
  'any_errors_fatal',
  'ignore_unreachable',
  'only_looks',
  'become',
  'become_user',
  'environment',
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
  /** Reads the files that it names. */
  readonly includes?: Includes;
  /** What depends on values that are not given is passed over. */
  readonly partial?: boolean;
  /** Tells the variables of a host in a play, for loops of includes. */
  readonly scopeOf?: (host: string, layers: Pick<PlayDraft, 'defaults' | 'vars'>, taskVars: Layer) => Names;
}

type TaskKey = 'pre_tasks' | 'tasks' | 'post_tasks' | 'handlers';

/** Whichever tags are chosen, handlers that are due run at their time. */
const ALWAYS: Inherited = { ...NOTHING_INHERITED, tags: ['always'] };

const NOBODY = namesOf('variable', {});

const ALONE: Around = { inherited: NOTHING_INHERITED, within: AT_THE_PLAYBOOK };

/** Reads a playbook: a list of plays and of other playbooks. Every mistake is collected. */
export function readPlays(root: Located | undefined, file: string, reading: PlayReading): PlayDraft[] {
  let number = 0;
  const nextPlay = (): PlayPlace => {
    number += 1;
    return { id: `p${number}`, label: `play ${number}` };
  };
  return readPlaybook(root, file, { ...reading, nextPlay }, ALONE);
}

function readPlaybook(
  root: Located | undefined,
  file: string,
  reading: PlayReading & { nextPlay(): PlayPlace },
  around: Around,
): PlayDraft[] {
  const { problems } = reading;
  if (root?.kind === 'list')
    return root.items.flatMap((item) => {
      if (isImport(item)) {
        const imported = readImport(item, reading, around);
        return imported ? readPlaybook(imported.root, imported.file, reading, imported.around) : [];
      }
      const play = readPlay(item, reading.nextPlay(), reading, around);
      return play ? [play] : [];
    });
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
export function readPlay(
  node: Located,
  place: PlayPlace,
  reading: PlayReading,
  { inherited: from, within }: Around = ALONE,
): PlayDraft | undefined {
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
  const become = fields.boolean('become') ?? (fields.entry('become_user') ? true : from.become);
  const becomeUser = fields.text('become_user') ?? from.becomeUser;
  const environment = withOwnEnvironment(from, fields, problems);
  const tags = [...from.tags, ...readTags(fields)];
  const inherited = { ...from, tags, become, becomeUser, environment };
  const variables = readPlayVariables(fields, place.label, reading, within);
  const taskReading = {
    ...reading,
    within,
    hosts,
    scopeOf: (host: string, taskVars: Layer): Names => reading.scopeOf?.(host, variables, taskVars) ?? NOBODY,
  };
  const readTasks = (key: TaskKey, idPrefix: string, around: Inherited): TaskDraft[] => {
    const entry = fields.entry(key);
    const items = entry && plainValue(entry.value) !== null ? fields.list(key) : [];
    return readTaskList(items ?? [], idPrefix, around, { ...taskReading, mayNest: key !== 'handlers' });
  };
  const flush = (after: readonly TaskDraft[], id: string): TaskDraft[] =>
    after.length === 0 ? [] : readTaskList([FLUSH], id, ALWAYS, { ...taskReading, mayNest: false });
  const before = readTasks('pre_tasks', `${place.id}.b`, inherited);
  const flushed = flush(before, `${place.id}.f`);
  const main = readTasks('tasks', `${place.id}.t`, inherited);
  const isPost = fields.entry('post_tasks') !== undefined;
  const flushedAgain = isPost ? flush(main, `${place.id}.g`) : [];
  const after = readTasks('post_tasks', `${place.id}.a`, inherited);
  const read = [...before, ...flushed, ...main, ...flushedAgain, ...after];
  const handlers = readTasks('handlers', `${place.id}.h`, { ...inherited, tags: [] });
  const tasks = read.map((task) => withHandlers(task, handlers, problems));
  checkHandlers(read, handlers, problems);
  const onlyLooks = fields.boolean('only_looks') === true;
  for (const task of onlyLooks ? [...read, ...handlers] : [])
    checkOnlyLooks(task, 'a play with `only_looks`', 'move it to a play of its own', problems);
  if (!['pre_tasks', 'tasks', 'post_tasks'].some((key) => fields.entry(key)))
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
    ignoresUnreachable: fields.boolean('ignore_unreachable') === true,
    onlyLooks,
    ...variables,
    around: from.vars,
    tasks,
    handlers: handlers.map((handler) => withHandlers(handler, handlers, problems)),
    folder: dirname(within.files.findLast((path) => path !== '') ?? ''),
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
