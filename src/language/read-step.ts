import type { Param } from '../core/runbook.ts';
import { describe, oneOf } from './describe.ts';
import type { PlayDraft } from './draft.ts';
import { Fields } from './fields.ts';
import { withOwnEnvironment } from './inherited.ts';
import { type Entry, entryOf, type Located, type LocatedMapping, plainValue } from './located.ts';
import { readDuration } from './read-duration.ts';
import type { PlayReading } from './read-play.ts';
import { STEP_KEYWORDS, STEP_SHARED, VERIFY_KEYWORDS } from './runbook-keywords.ts';
import {
  blockOf,
  checkKeys,
  conditionsOf,
  confirmOf,
  entry,
  type Frame,
  itemsOf,
  listNode,
  lookOf,
  textNode,
  whenOf,
} from './step-blocks.ts';
import type { StepDraft, VerifyDraft } from './step-draft.ts';
import { stepHosts } from './step-hosts.ts';

const SHARED_KEYS = Object.keys(STEP_SHARED);
export const STEP_KEYS: readonly string[] = Object.keys(STEP_KEYWORDS);
const VERIFY_KEYS = Object.keys(VERIFY_KEYWORDS);
const WITHIN_MS = 60_000;
const EVERY_MS = 2_000;

/** What reading a step needs to know beside what a play does. */
export interface StepReading extends PlayReading {
  readonly params: readonly Param[];
  /** Other names that `hosts` may be rendered with: those of the command line. */
  readonly given: { readonly [name: string]: Param['value'] };
  /** Keys of the runbook that hold for steps that do not have them: `become`. */
  readonly inherited: readonly Entry[];
  /** `environment` around the step, outermost first. */
  readonly environment: readonly Located[];
}

/** Where a step stands. `of` is set for what takes another one back. */
export interface StepPlace {
  readonly id: string;
  readonly number: number;
  readonly of?: StepDraft['name'];
  readonly hosts?: Entry;
}

/** Reads one step; its blocks become plays on the step's hosts. Every mistake is collected. */
export function readStep(node: Located, place: StepPlace, reading: StepReading): StepDraft | undefined {
  const { problems } = reading;
  if (node.kind !== 'mapping') {
    problems.error(
      `a step is a mapping, found ${describe(plainValue(node))}`,
      node.position,
      'write `- step: what it does`, and `hosts:` and `tasks:` below it',
    );
    return undefined;
  }
  const fields = new Fields(node, problems);
  const what = place.of === undefined ? 'a step' : '`undo`';
  checkKeys(
    node,
    what,
    place.of === undefined ? STEP_KEYS : STEP_KEYS.filter((key) => key !== 'undo'),
    problems,
  );
  const frame = frameOf(node, fields, place, reading);
  const body = blockOf(frame, '', {
    tasks: entryOf(node, 'tasks')?.value ?? listNode([], node.position),
    ...part(node, 'handlers', (value) => ({ handlers: value.value })),
    ...part(node, 'serial', (serial) => ({ serial })),
  });
  if (!body) return undefined;
  const guards = itemsOf(fields, 'guard');
  const step: Omit<StepDraft, 'undo'> = {
    id: place.id,
    number: place.number,
    name: frame.name,
    description: String(fields.text('description')?.value ?? '').trim(),
    position: node.position,
    when: whenOf(frame, fields.entry('when')),
    look: lookOf(frame, 'l', fields.entry('look')?.value),
    guard: guards.length === 0 ? undefined : conditionsOf(frame, 'g', 'guard', guards, true),
    confirm: confirmOf(frame, fields.entry('confirm')),
    pointOfNoReturn: fields.boolean('point_of_no_return') ?? false,
    body,
    verify: verifyOf(frame, fields, problems),
    timeoutMs: readDuration(fields, 'timeout', problems),
    ignoresUnreachable: fields.boolean('ignore_unreachable') ?? false,
    onFailure: onFailureOf(frame, fields, problems),
  };
  return { ...step, undo: place.of === undefined ? undoOf(step, fields, frame, reading) : undefined };
}

function part<T extends object>(node: LocatedMapping, key: string, make: (entry: Entry) => T): T | object {
  const found = entryOf(node, key);
  return found ? make(found) : {};
}

function frameOf(node: LocatedMapping, fields: Fields, place: StepPlace, reading: StepReading): Frame {
  const { problems } = reading;
  const name = fields.text('step') ?? fields.text('name');
  if (!name && place.of === undefined)
    problems.error('a step has a name, none found', node.position, 'write `step: what it does`');
  const shown = String(
    name?.value ?? (place.of === undefined ? `step ${place.number}` : `take back: ${place.of}`),
  );
  const own = SHARED_KEYS.map((key) => entryOf(node, key)).filter((found) => found !== undefined);
  const inherited = reading.inherited.filter(({ key }) => !entryOf(node, key));
  const hosts = entryOf(node, 'hosts') ?? place.hosts;
  if (!hosts)
    problems.error(
      'a step has `hosts:`, none found',
      node.position,
      'write `hosts: all`, a group, or "{{target}}"',
    );
  const others = [...own, ...inherited].filter(({ key }) => key !== 'hosts');
  const rendered = hosts ? stepHosts(hosts, reading) : entry('hosts', textNode('all', node.position));
  return {
    id: place.id,
    label: `step ${place.number}`,
    name: shown,
    position: node.position,
    entries: [rendered, ...others],
    environment: reading.environment,
    reading,
  };
}

function verifyOf(frame: Frame, fields: Fields, problems: PlayReading['problems']): VerifyDraft | undefined {
  const node = fields.entry('verify');
  if (!node) return undefined;
  const { value } = node;
  if (value.kind !== 'mapping' || !entryOf(value, 'that')) {
    problems.error(
      '`verify` has `that:`, none found',
      value.position,
      'write `verify:` with `that: CONDITION`, `within: "60s"` and `msg:` below it',
    );
    return undefined;
  }
  const own = new Fields(value, problems);
  checkKeys(value, '`verify`', VERIFY_KEYS, problems);
  const condition: LocatedMapping = {
    ...value,
    entries: value.entries.filter(({ key }) => key === 'that' || key === 'msg'),
  };
  const conditions = conditionsOf(frame, 'v', 'verify', [condition], false);
  if (!conditions) return undefined;
  return {
    look: lookOf(frame, 'vl', own.entry('look')?.value),
    conditions,
    withinMs: readDuration(own, 'within', problems) ?? WITHIN_MS,
    everyMs: readDuration(own, 'every', problems) ?? EVERY_MS,
  };
}

function onFailureOf(
  frame: Frame,
  fields: Fields,
  problems: PlayReading['problems'],
): 'stop' | 'continue' | PlayDraft {
  const value = fields.entry('on_failure')?.value;
  if (!value) return 'stop';
  if (value.kind === 'list') return blockOf(frame, 'f', { tasks: value }) ?? 'stop';
  const written = plainValue(value);
  if (written === 'stop' || written === 'continue') return written;
  problems.error(
    `\`on_failure\` is ${oneOf(['stop', 'continue', 'a list of tasks'])}, found ${describe(written)}`,
    value.position,
  );
  return 'stop';
}

/** A list of tasks, or a step of its own, on the hosts of the step unless it says otherwise. */
function undoOf(
  step: Omit<StepDraft, 'undo'>,
  fields: Fields,
  frame: Frame,
  reading: StepReading,
): StepDraft | undefined {
  const undo = fields.entry('undo');
  const hosts = fields.entry('hosts');
  if (!undo) return undefined;
  const { value } = undo;
  const isEmpty = plainValue(value) === null;
  const node: Located =
    value.kind === 'list' || isEmpty
      ? {
          kind: 'mapping',
          position: undo.keyPosition,
          entries: [entry('tasks', isEmpty ? listNode([], undo.keyPosition) : value)],
        }
      : value;
  const place: StepPlace = {
    id: `${step.id}u`,
    number: step.number,
    of: step.name,
    ...(hosts ? { hosts } : {}),
  };
  const inherited = frame.entries.filter(({ key }) => key !== 'hosts' && key !== 'environment');
  const environment = withOwnEnvironment(reading, fields, reading.problems);
  return readStep(node, place, { ...reading, inherited, environment });
}
