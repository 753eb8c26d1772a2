import type { BlockPart } from '../core/task.ts';
import { type Layer, layerOf } from './definitions.ts';
import { readEnvironment } from './environment.ts';
import type { Fields } from './fields.ts';
import type { Located, LocatedScalar } from './located.ts';
import type { Problems } from './problems.ts';
import type { Shape } from './shape.ts';

/** What a task has from its play, and from the blocks and includes around it. */
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
  /** Outermost first. */
  readonly environment: readonly Located[];
  readonly blocks: readonly BlockPart[];
  /** The items of loops at includes, which conditions read by their own names, and what is shown of them. */
  readonly turns: { readonly [name: string]: Shape };
  readonly label: string;
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
  environment: [],
  blocks: [],
  turns: {},
  label: '',
};

/** The keys of a block or include that hold for all of its tasks. */
export const INHERITED_KEYS: readonly string[] = [
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
  'environment',
];

export function inheritedFrom(
  fields: Fields,
  around: Inherited,
  origin: string,
  problems: Problems,
): Inherited {
  const becomeUser = fields.text('become_user');
  return {
    ...around,
    tags: [...new Set([...around.tags, ...readTags(fields)])],
    // An account to become is a wish to become it.
    become: fields.boolean('become') ?? (fields.entry('become_user') ? true : around.become),
    becomeUser: becomeUser ?? around.becomeUser,
    when: [...around.when, ...conditionsOf(fields, 'when')],
    vars: withVars(around.vars, fields, origin, problems),
    runOnce: fields.boolean('run_once') ?? around.runOnce,
    delegateTo: fields.text('delegate_to') ?? around.delegateTo,
    notify: [...around.notify, ...fields.texts('notify')],
    ignoreErrors: fields.boolean('ignore_errors') ?? around.ignoreErrors,
    sensitive: readSensitive(fields, problems) ?? around.sensitive,
    environment: withOwnEnvironment(around, fields, problems),
  };
}

/** What is said around, and by this mapping itself. */
export function withOwnEnvironment(
  { environment }: Pick<Inherited, 'environment'>,
  fields: Fields,
  problems: Problems,
): readonly Located[] {
  const own = readEnvironment(fields, problems);
  return own ? [...environment, own] : environment;
}

/** Variables of a block or task, stronger than those around it; one layer as long as nobody adds any. */
function withVars(around: Layer, fields: Fields, origin: string, problems: Problems): Layer {
  const own = layerOf(fields.mappingOf('vars'), 'play', origin, problems);
  return own.size === 0 ? around : new Map([...around, ...own]);
}

/** `no_log` is the name that Ansible gives it. */
function readSensitive(fields: Fields, problems: Problems): boolean | undefined {
  const [own, other] = [fields.boolean('sensitive'), fields.boolean('no_log')];
  if (own !== undefined && other !== undefined)
    problems.error(
      '`no_log` and `sensitive` mean the same',
      fields.entry('no_log')?.keyPosition,
      'write one',
    );
  return own ?? other;
}

/** A condition, or a list of them that must all hold. */
export function conditionsOf(fields: Fields, key: string): readonly Located[] {
  const value = fields.entry(key)?.value;
  if (!value) return [];
  return value.kind === 'list' ? value.items : [value];
}

/** `tags: a, b` is the same as a list. */
export function readTags(fields: Fields): string[] {
  return fields
    .texts('tags')
    .flatMap((node) => String(node.value).split(','))
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}
