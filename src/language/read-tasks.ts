import type { Layer } from './definitions.ts';
import type { TaskDraft } from './draft.ts';
import { Fields } from './fields.ts';
import { blockKeyHint } from './foreign.ts';
import type { Includes, Within } from './includes.ts';
import { INHERITED_KEYS, type Inherited, inheritedFrom } from './inherited.ts';
import { entryOf, type Located, type LocatedMapping, plainValue } from './located.ts';
import type { Names } from './names.ts';
import type { Problems } from './problems.ts';
import { isInclude, readInclude } from './read-include.ts';
import { readTask } from './read-task.ts';
import type { ResourceSchema } from './resource-schema.ts';

export interface TaskReading {
  readonly resources: readonly ResourceSchema[];
  readonly problems: Problems;
  /** Numbers tasks through the whole playbook. */
  nextNumber(): number;
  /** Whether blocks may stand here; handlers are single tasks. */
  readonly mayNest: boolean;
  /** Reads files of tasks, where there may be any. */
  readonly includes?: Includes;
  readonly within: Within;
  /** The hosts of the play, and their variables there. */
  readonly hosts?: readonly string[];
  readonly scopeOf?: (host: string, taskVars: Layer) => Names;
  /** A loop over what is not given has no turns. */
  readonly partial?: boolean;
}

const PARTS = ['block', 'rescue', 'always'] as const;

const BLOCK_KEYS: readonly string[] = [...PARTS, 'name', ...INHERITED_KEYS];

/** Reads tasks, blocks and includes into a flat list of tasks, each of which knows what is around it. */
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
    if (isInclude(item))
      return readInclude(item, id, inherited, reading).flatMap((list) =>
        readTaskList(list.items, list.idPrefix, list.inherited, { ...reading, within: list.within }),
      );
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
