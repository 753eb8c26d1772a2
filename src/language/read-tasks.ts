import type { BlockPart } from '../core/task.ts';
import type { Layer } from './definitions.ts';
import type { TaskDraft } from './draft.ts';
import { Fields } from './fields.ts';
import { blockKeyHint } from './foreign.ts';
import { entryOf, type Located, type LocatedMapping, type LocatedScalar, plainValue } from './located.ts';
import type { Problems } from './problems.ts';
import { conditionsOf, readSensitive, readTags, readTask, withVars } from './read-task.ts';
import type { ResourceSchema } from './resource-schema.ts';

/** What a task has from its play and from the blocks around it. */
export interface Inherited {
  readonly tags: readonly string[];
  readonly become: boolean | undefined;
  readonly becomeUser: LocatedScalar | undefined;
  readonly when: readonly Located[];
  readonly vars: Layer;
  readonly runOnce: boolean;
  readonly delegateTo: LocatedScalar | undefined;
  readonly notify: readonly LocatedScalar[];
  readonly ignoreErrors: boolean;
  readonly sensitive: boolean;
  readonly blocks: readonly BlockPart[];
}

export const NOTHING_INHERITED: Inherited = {
  tags: [],
  become: undefined,
  becomeUser: undefined,
  when: [],
  vars: new Map(),
  runOnce: false,
  delegateTo: undefined,
  notify: [],
  ignoreErrors: false,
  sensitive: false,
  blocks: [],
};

export interface TaskReading {
  readonly resources: readonly ResourceSchema[];
  readonly problems: Problems;
  /** Numbers tasks through the whole playbook. */
  nextNumber(): number;
  /** Whether blocks may stand here; handlers are single tasks. */
  readonly mayNest: boolean;
}

const PARTS = ['block', 'rescue', 'always'] as const;

const BLOCK_KEYS: readonly string[] = [
  ...PARTS,
  'name',
  'when',
  'tags',
  'vars',
  'become',
  'become_user',
  'run_once',
  'delegate_to',
  'notify',
  'ignore_errors',
  'sensitive',
  'no_log',
];

/** Reads a list of tasks and blocks into a flat list of tasks, each of which knows the blocks around it. */
export function readTaskList(
  items: readonly Located[],
  idPrefix: string,
  inherited: Inherited,
  reading: TaskReading,
): TaskDraft[] {
  return items.flatMap((item, index) => {
    const id = `${idPrefix}${index + 1}`;
    if (item.kind === 'mapping' && PARTS.some((part) => entryOf(item, part)))
      return readBlock(item, id, inherited, reading);
    const place = { ...inherited, id, number: reading.nextNumber() };
    const task = readTask(item, place, reading.resources, reading.problems);
    return task ? [task] : [];
  });
}

/** A block: what stands at it is inherited by the tasks of all its parts. */
function readBlock(node: LocatedMapping, id: string, around: Inherited, reading: TaskReading): TaskDraft[] {
  const { problems } = reading;
  const fields = new Fields(node, problems);
  if (!reading.mayNest)
    problems.error('a handler is one task, found a block', node.position, 'write its tasks as handlers');
  for (const { key, keyPosition } of node.entries)
    if (!BLOCK_KEYS.includes(key))
      problems.error(`a block has no key \`${key}\``, keyPosition, blockKeyHint(key, BLOCK_KEYS));
  if (!fields.entry('block'))
    problems.error(
      `\`${fields.entry('rescue') ? 'rescue' : 'always'}\` stands without a \`block\``,
      node.position,
      'write the tasks that it belongs to under `block:`',
    );
  const name = String(fields.text('name')?.value ?? `the block in line ${node.position.line}`);
  const inherited = inheritedFrom(fields, around, `vars of ${name}`, problems);
  return PARTS.flatMap((part) => {
    const entry = fields.entry(part);
    const items = entry && plainValue(entry.value) !== null ? fields.list(part) : [];
    const blocks = [...around.blocks, { block: id, name, part }];
    return readTaskList(items ?? [], `${id}.${part[0]}`, { ...inherited, blocks }, reading);
  });
}

function inheritedFrom(fields: Fields, around: Inherited, origin: string, problems: Problems): Inherited {
  const becomeUser = fields.text('become_user');
  return {
    tags: [...new Set([...around.tags, ...readTags(fields)])],
    become: fields.boolean('become') ?? (becomeUser ? true : around.become),
    becomeUser: becomeUser ?? around.becomeUser,
    when: [...around.when, ...conditionsOf(fields, 'when')],
    vars: withVars(around.vars, fields, origin, problems),
    runOnce: fields.boolean('run_once') ?? around.runOnce,
    delegateTo: fields.text('delegate_to') ?? around.delegateTo,
    notify: [...around.notify, ...fields.texts('notify')],
    ignoreErrors: fields.boolean('ignore_errors') ?? around.ignoreErrors,
    sensitive: readSensitive(fields, problems) ?? around.sensitive,
    blocks: around.blocks,
  };
}
