import type { Objectives, Param } from '../core/runbook.ts';
import type { Inventory } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import type { Layer } from './definitions.ts';
import { describe } from './describe.ts';
import type { PlayDraft } from './draft.ts';
import { Fields } from './fields.ts';
import { AT_THE_PLAYBOOK, type Includes } from './includes.ts';
import { NOTHING_INHERITED, withOwnEnvironment } from './inherited.ts';
import { type Entry, entryOf, type Located, type LocatedMapping, plainValue } from './located.ts';
import type { Names } from './names.ts';
import { readParams } from './params.ts';
import { readPlayVariables } from './play-variables.ts';
import type { Problems } from './problems.ts';
import { readDuration } from './read-duration.ts';
import { readStep, type StepReading } from './read-step.ts';
import type { ResourceSchema } from './resource-schema.ts';
import { INVARIANT_KEYWORDS, OBJECTIVE_KEYWORDS, RUNBOOK_KEYWORDS } from './runbook-keywords.ts';
import { checkKeys, conditionsOf, entry, type Frame, itemsOf, lookOf, textNode } from './step-blocks.ts';
import type { InvariantDraft, StepDraft } from './step-draft.ts';
import { stepHosts } from './step-hosts.ts';

const RUNBOOK_KEYS = Object.keys(RUNBOOK_KEYWORDS);
const OBJECTIVE_KEYS = Object.keys(OBJECTIVE_KEYWORDS);
const INVARIANT_KEYS = Object.keys(INVARIANT_KEYWORDS);
const HINTS = {
  name: 'write `runbook: NAME`',
  plays: 'write `steps:`',
  tasks: 'tasks stand in a step: `steps:`',
};

/** A runbook as written, its keys checked; of what is rendered only the hosts of its steps. */
export interface RunbookDraft {
  readonly name: string;
  readonly description: string;
  readonly params: readonly Param[];
  readonly objectives: Objectives;
  readonly defaults: Layer;
  readonly vars: Layer;
  readonly invariants: readonly InvariantDraft[];
  readonly steps: readonly StepDraft[];
}

export interface RunbookReading {
  readonly inventory: Inventory;
  readonly isInventoryWhole: boolean;
  readonly resources: readonly ResourceSchema[];
  readonly problems: Problems;
  readonly given: { readonly [name: string]: Value };
  /** Parameters need not be given. */
  readonly partial: boolean;
  /** Reads the files that it names. */
  readonly includes: Includes;
  /** The variables of a host for loops of includes, with the parameters as strong as the command line. */
  scopeOf(host: string, layers: Layers, params: readonly Param[], taskVars: Layer): Names;
}

export type Layers = Pick<PlayDraft, 'defaults' | 'vars'>;

/** Whether a document is meant to be a runbook rather than a playbook. */
export function isRunbook(root: Located | undefined): root is LocatedMapping {
  return root?.kind === 'mapping' && root.entries.some(({ key }) => key === 'runbook' || key === 'steps');
}

/** Reads a runbook: one mapping. Every mistake is collected. */
export function readRunbook(root: LocatedMapping, reading: RunbookReading): RunbookDraft {
  const { problems, given } = reading;
  const fields = new Fields(root, problems);
  checkKeys(root, 'a runbook', RUNBOOK_KEYS, problems, HINTS);
  const name = fields.text('runbook');
  if (!name && !fields.entry('runbook'))
    problems.error('a runbook has a name, none found', root.position, 'write `runbook: NAME` at its top');
  const params = readParams(fields.mappingOf('params'), reading);
  const outer = readPlayVariables(fields, 'the runbook', reading, AT_THE_PLAYBOOK);
  let number = 0;
  const stepReading: StepReading = {
    ...reading,
    params,
    given,
    environment: withOwnEnvironment(NOTHING_INHERITED, fields, problems),
    scopeOf: (host, layers, taskVars) => reading.scopeOf(host, within(outer, layers), params, taskVars),
    inherited: ['become', 'become_user']
      .map((key) => entryOf(root, key))
      .filter((found) => found !== undefined),
    nextNumber: () => {
      number += 1;
      return number;
    },
  };
  return {
    name: String(name?.value ?? 'runbook'),
    description: String(fields.text('description')?.value ?? '').trim(),
    params,
    objectives: readObjectives(fields.mappingOf('objectives'), problems),
    ...outer,
    invariants: readInvariants(fields, stepReading),
    steps: readSteps(root, fields, stepReading),
  };
}

/** The layers of a step inside of those of its runbook. */
export function within(outer: Layers, inner: Layers): Layers {
  return {
    defaults: merged(outer.defaults, inner.defaults),
    vars: merged(outer.vars, inner.vars),
  };
}

function merged(outer: Layer, inner: Layer): Layer {
  return inner.size === 0 ? outer : new Map([...outer, ...inner]);
}

function readObjectives(mapping: LocatedMapping | undefined, problems: Problems): Objectives {
  if (!mapping) return {};
  checkKeys(mapping, '`objectives`', OBJECTIVE_KEYS, problems);
  const fields = new Fields(mapping, problems);
  const rtoMs = readDuration(fields, 'rto', problems);
  const rpoMs = readDuration(fields, 'rpo', problems);
  return { ...(rtoMs === undefined ? {} : { rtoMs }), ...(rpoMs === undefined ? {} : { rpoMs }) };
}

function readSteps(root: LocatedMapping, fields: Fields, reading: StepReading): StepDraft[] {
  const { problems } = reading;
  const items = fields.list('steps');
  if (!fields.entry('steps') || items?.length === 0)
    problems.error(
      'a runbook has `steps:`, none found',
      root.position,
      'write `steps:` with `- step: …` below it',
    );
  const steps = (items ?? [])
    .map((item, index) => readStep(item, { id: `s${index + 1}`, number: index + 1 }, reading))
    .filter((step) => step !== undefined);
  const names = steps.map(({ name }) => name);
  steps.forEach((step, index) => {
    if (names.indexOf(step.name) < index)
      problems.error(
        `there are two steps called \`${step.name}\``,
        step.position,
        'give them different names',
      );
  });
  return steps;
}

/** Conditions that hold from the first step to the last, each with what it looks at. */
function readInvariants(fields: Fields, reading: StepReading): InvariantDraft[] {
  return itemsOf(fields, 'invariants')
    .map((item, index) => readInvariant(item, index + 1, reading))
    .filter((invariant) => invariant !== undefined);
}

function readInvariant(item: Located, number: number, reading: StepReading): InvariantDraft | undefined {
  const { problems } = reading;
  if (item.kind !== 'mapping') {
    problems.error(
      `an invariant is a mapping, found ${describe(plainValue(item))}`,
      item.position,
      'write `- that: CONDITION` with `msg:` and `look:` below it',
    );
    return undefined;
  }
  checkKeys(item, 'an invariant', INVARIANT_KEYS, problems);
  const fields = new Fields(item, problems);
  const own = (keys: readonly string[]): Entry[] =>
    keys.map((key) => entryOf(item, key)).filter((found) => found !== undefined);
  const hosts = entryOf(item, 'hosts') ?? entry('hosts', textNode('all', item.position));
  const frame: Frame = {
    id: `i${number}`,
    label: `invariant ${number}`,
    name: String(fields.text('name')?.value ?? `invariant ${number}`),
    position: item.position,
    entries: [
      stepHosts(hosts, reading),
      ...own(['become', 'become_user', 'environment']),
      ...reading.inherited.filter(({ key }) => !entryOf(item, key)),
    ],
    environment: reading.environment,
    reading,
  };
  const look: PlayDraft | undefined = lookOf(frame, 'l', entryOf(item, 'look')?.value);
  const condition = { ...item, entries: own(['that', 'msg']) };
  const conditions = conditionsOf(frame, 'g', 'invariants', [condition], false);
  return conditions && { look, conditions, whenGoingBack: fields.boolean('undo') ?? false };
}
