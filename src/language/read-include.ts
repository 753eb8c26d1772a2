import type { Definition, Layer } from './definitions.ts';
import { describe } from './describe.ts';
import { Fields } from './fields.ts';
import { blockKeyHint } from './foreign.ts';
import { type Turn, turnsOf } from './include-loop.ts';
import type { Within } from './includes.ts';
import { INHERITED_KEYS, type Inherited, inheritedFrom } from './inherited.ts';
import { entryOf, type Located, type LocatedMapping, type LocatedScalar, plainValue } from './located.ts';
import { readLoopControl } from './read-task.ts';
import type { TaskReading } from './read-tasks.ts';
import { isStatic } from './render-value.ts';

/** Both are read when the playbook is loaded, so that a plan knows all that will be done. */
const INCLUDES = [
  'import_tasks',
  'include_tasks',
  'ansible.builtin.import_tasks',
  'ansible.builtin.include_tasks',
];

/** One reading of a file of tasks: for the include itself, or for one turn of its loop. */
export interface TaskList {
  readonly items: readonly Located[];
  readonly idPrefix: string;
  readonly inherited: Inherited;
  readonly within: Within;
}

export function isInclude(node: Located): node is LocatedMapping {
  return node.kind === 'mapping' && INCLUDES.some((key) => entryOf(node, key));
}

/** The tasks that an include stands for; what stands at it is inherited by all of them. */
export function readInclude(
  node: LocatedMapping,
  id: string,
  around: Inherited,
  reading: TaskReading,
): TaskList[] {
  const { problems, includes, within } = reading;
  const fields = new Fields(node, problems);
  const known = [...INCLUDES, 'name', 'loop', 'loop_control', ...INHERITED_KEYS];
  for (const { key, keyPosition } of node.entries)
    if (!known.includes(key))
      problems.error(`an include has no key \`${key}\``, keyPosition, blockKeyHint(key, known, 'an include'));
  const file = fileOf(fields, problems);
  const inherited = inheritedFrom(
    fields,
    around,
    `vars of the include in line ${node.position.line}`,
    problems,
  );
  if (!file) return [];
  if (!includes) {
    problems.error('files of tasks cannot be included here', file.position, 'write the tasks here');
    return [];
  }
  const included = includes.read(String(file.value), file.position, within);
  if (!included) return [];
  const { root } = included;
  if (root && root.kind !== 'list')
    problems.error(
      `a file of tasks is a list of tasks, found ${describe(plainValue(root))}`,
      root.position,
      'write `- name: …` and the resource below it',
    );
  const items = root?.kind === 'list' ? root.items : [];
  const plays = items.find((item) => item.kind === 'mapping' && entryOf(item, 'hosts'));
  if (plays) {
    problems.error(
      'a file of tasks was expected, found plays',
      plays.position,
      'write `- import_playbook: FILE` between the plays of the playbook',
    );
    return [];
  }
  const list = { items, within: included.within };
  const { variable } = readLoopControl(fields, problems);
  const turns = turnsOf(fields.entry('loop')?.value, inherited, reading);
  if (!turns) return [{ ...list, idPrefix: `${id}.t`, inherited }];
  return turns.map((turn) => ({
    ...list,
    idPrefix: `${id}[${turn.key}].t`,
    inherited: inTurn(inherited, variable, turn),
  }));
}

function fileOf(fields: Fields, problems: TaskReading['problems']): LocatedScalar | undefined {
  const key = INCLUDES.find((name) => fields.entry(name)) ?? '';
  const value = fields.entry(key)?.value;
  const file = value?.kind === 'mapping' ? new Fields(value, problems).text('file') : fields.text(key);
  if (value?.kind === 'mapping' && !file)
    problems.error(`\`${key}\` needs \`file\``, value.position, 'write the name of the file');
  if (!file || isStatic(file)) return file;
  problems.error(
    'the name of a file to include is not rendered: it is read before any host is known',
    file.position,
    'write several includes, each with a `when:`',
  );
  return undefined;
}

function inTurn(inherited: Inherited, variable: string, turn: Turn): Inherited {
  const item: Definition = {
    name: variable,
    level: 'play',
    origin: 'the loop of an include',
    position: turn.position,
    node: turn.node,
    value: turn.value,
  };
  const vars: Layer = new Map([...inherited.vars, [variable, item]]);
  return {
    ...inherited,
    vars,
    turns: { ...inherited.turns, [variable]: turn.shape },
    label: [inherited.label, turn.label].filter((label) => label !== '').join(', '),
  };
}
