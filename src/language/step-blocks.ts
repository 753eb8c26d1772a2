import type { Position } from '../core/diagnostic.ts';
import { describe } from './describe.ts';
import type { PlayDraft } from './draft.ts';
import type { Fields } from './fields.ts';
import { AT_THE_PLAYBOOK } from './includes.ts';
import { NOTHING_INHERITED } from './inherited.ts';
import {
  type Entry,
  entryOf,
  type Located,
  type LocatedMapping,
  type LocatedScalar,
  plainValue,
} from './located.ts';
import { didYouMean } from './nearest.ts';
import { checkOnlyLooks } from './only-looks.ts';
import type { Problems } from './problems.ts';
import { type PlayReading, readPlay } from './read-play.ts';
import type { ResourceSchema } from './resource-schema.ts';

/** What the operator has to type: judged by the language alone, never run. */
const CONFIRM: ResourceSchema = {
  name: 'confirm',
  kind: 'action',
  scope: 'host',
  schema: {
    type: 'object',
    properties: { text: { type: 'string' }, message: { type: 'string' } },
    required: ['text'],
    additionalProperties: false,
  },
  result: { type: 'object' },
};

const ELSEWHERE =
  'move it to the `tasks` of the step; `verify` waits, and stat, path_facts and the like look';

/** What the blocks of one step have in common: whose they are, on which hosts, as whom. */
export interface Frame {
  /** `s3` */
  readonly id: string;
  /** `step 3`, for messages. */
  readonly label: string;
  readonly name: string;
  readonly position: Position;
  /** `hosts`, `become`, `vars` and so on, as they would stand in a play. */
  readonly entries: readonly Entry[];
  /** `environment` around it, outermost first. */
  readonly environment: readonly Located[];
  readonly reading: PlayReading;
}

/** A block of tasks as a play of its own. `suffix` tells the blocks of a step apart. */
export function blockOf(
  frame: Frame,
  suffix: string,
  parts: { readonly tasks: Located; readonly handlers?: Located; readonly serial?: Entry },
): PlayDraft | undefined {
  const { position } = frame;
  const entries = [
    entry('name', textNode(frame.name, position)),
    ...frame.entries,
    entry('tasks', parts.tasks),
    ...(parts.handlers ? [entry('handlers', parts.handlers)] : []),
    ...(parts.serial ? [parts.serial] : []),
  ];
  const place = { id: `${frame.id}${suffix}`, label: frame.label };
  const inherited = { ...NOTHING_INHERITED, environment: frame.environment };
  const around = { inherited, within: AT_THE_PLAYBOOK };
  return readPlay({ kind: 'mapping', position, entries }, place, frame.reading, around);
}

/** A block that must only read. */
export function lookOf(frame: Frame, suffix: string, tasks: Located | undefined): PlayDraft | undefined {
  if (!tasks) return undefined;
  const play = blockOf(frame, suffix, { tasks });
  for (const task of play?.tasks ?? []) checkOnlyLooks(task, '`look`', ELSEWHERE, frame.reading.problems);
  return play;
}

/** Conditions `{that, msg}`, each as a task that is judged and never run. */
export function conditionsOf(
  frame: Frame,
  suffix: string,
  key: string,
  items: readonly Located[],
  isAdviceWanted: boolean,
): PlayDraft | undefined {
  const { problems } = frame.reading;
  const tasks = items
    .map((item) => conditionOf(key, item, isAdviceWanted, problems))
    .filter((task) => task !== undefined);
  const reading = { ...frame.reading, nextNumber: () => 0 };
  return blockOf({ ...frame, reading }, suffix, { tasks: listNode(tasks, frame.position) });
}

function conditionOf(
  key: string,
  item: Located,
  isAdviceWanted: boolean,
  problems: Problems,
): Located | undefined {
  if (item.kind !== 'mapping') {
    problems.error(
      `\`${key}\` is a list of conditions, found ${describe(plainValue(item))}`,
      item.position,
      'write `- that: CONDITION` and `msg: what to do instead`',
    );
    return undefined;
  }
  const known = ['that', 'msg'];
  for (const { key: name, keyPosition } of item.entries)
    if (!known.includes(name))
      problems.error(`\`${key}\` has no key \`${name}\``, keyPosition, didYouMean(name, known, 'it has'));
  const that = entryOf(item, 'that');
  const msg = entryOf(item, 'msg');
  if (!that)
    problems.error(`\`${key}\` has \`that:\`, none found`, item.position, 'write `that:` with a condition');
  if (!msg && isAdviceWanted)
    problems.error(
      `\`${key}\` says what to do when it does not hold: \`msg\` is missing`,
      item.position,
      'write `msg:` for somebody at three in the morning',
    );
  if (!that) return undefined;
  const args: LocatedMapping = {
    kind: 'mapping',
    position: item.position,
    entries: msg ? [that, msg] : [that],
  };
  return mappingNode(item.position, [entry('name', textNode(key, item.position)), entry('assert', args)]);
}

/** The hosts that take part, as a task whose `when` says it. */
export function whenOf(frame: Frame, when: Entry | undefined): PlayDraft | undefined {
  if (!when) return undefined;
  const args = mappingNode(when.keyPosition, [entry('text', textNode('', when.keyPosition))]);
  return pseudoTask(frame, 'w', when.keyPosition, [when, entry('confirm', args)]);
}

/** What is to be typed: a text, or `{text, message}`. */
export function confirmOf(frame: Frame, confirm: Entry | undefined): PlayDraft | undefined {
  if (!confirm) return undefined;
  const { value } = confirm;
  const args = value.kind === 'mapping' ? value : mappingNode(value.position, [entry('text', value)]);
  return pseudoTask(frame, 'c', confirm.keyPosition, [entry('confirm', args)]);
}

function pseudoTask(
  frame: Frame,
  suffix: string,
  position: Position,
  entries: Entry[],
): PlayDraft | undefined {
  const task = mappingNode(position, [entry('name', textNode(frame.name, position)), ...entries]);
  const reading = { ...frame.reading, resources: [CONFIRM], nextNumber: () => 0 };
  return blockOf({ ...frame, reading }, suffix, { tasks: listNode([task], position) });
}

/** The keys of a mapping that are not known, each reported. */
export function checkKeys(
  mapping: LocatedMapping,
  what: string,
  known: readonly string[],
  problems: Problems,
  hints: { readonly [key: string]: string } = {},
): void {
  for (const { key, keyPosition } of mapping.entries)
    if (!known.includes(key))
      problems.error(
        `${what} has no key \`${key}\``,
        keyPosition,
        hints[key] ?? didYouMean(key, known, `${what} has`),
      );
}

export function entry(key: string, value: Located): Entry {
  return { key, keyPosition: value.position, value };
}

export function textNode(value: string, position: Position): LocatedScalar {
  return { kind: 'scalar', position, value, plain: false, written: value, at: () => position };
}

export function listNode(items: readonly Located[], position: Position): Located {
  return { kind: 'list', position, items };
}

function mappingNode(position: Position, entries: readonly Entry[]): LocatedMapping {
  return { kind: 'mapping', position, entries };
}

/** The items of a key that is a list or a single mapping. */
export function itemsOf(fields: Fields, key: string): readonly Located[] {
  const value = fields.entry(key)?.value;
  if (!value) return [];
  return value.kind === 'list' ? value.items : [value];
}
