import type { Value } from '../core/value.ts';
import { type ConditionEnvironment, conditionEnvironment } from './condition-environment.ts';
import type { Layer } from './definitions.ts';
import type { TaskDraft } from './draft.ts';
import type { HostScope } from './host-scope.ts';
import type { Loaded } from './load-inventory.ts';
import { plainValue } from './located.ts';
import { isNames } from './names.ts';
import { beforehand, hostScope, type PlayLayers } from './play-scope.ts';
import { Mistake, UnknownRead } from './problems.ts';
import {
  BOOL,
  DYN,
  FACTS,
  mergeShapes,
  type ObjectShape,
  objectShape,
  type Shape,
  STRING,
  shapeOfSchema,
  shapeOfValue,
} from './shape.ts';

/** What the engine adds to every registered result. */
const ENDS = { changed: BOOL, failed: BOOL, skipped: BOOL };

/** What a task registers, as conditions see it: of one item, and of the whole task. */
export function resultShape(draft: TaskDraft): { readonly item: Shape; readonly whole: Shape } {
  const own = shapeOfSchema(draft.resource.result);
  const isOpen = own.kind === 'dyn' || own.kind === 'map';
  const item = isOpen
    ? DYN
    : objectShape({ ...(own.kind === 'object' ? own.fields : { value: own }), ...ENDS });
  if (!draft.loop) return { item, whole: item };
  return { item, whole: objectShape({ results: { kind: 'list', of: item }, ...ENDS }) };
}

/** Makes the environments of one play's conditions; equal ones are made once. */
export class ConditionRoots {
  readonly #loaded: Loaded;
  readonly #layers: PlayLayers;
  readonly #variables = new Map<Layer | undefined, ObjectShape>();
  readonly #made = new Map<string, ConditionEnvironment>();

  constructor(loaded: Loaded, layers: PlayLayers) {
    this.#loaded = loaded;
    this.#layers = layers;
  }

  /**
   * `registers` are those that may be read; those that no condition names are left out, so that most tasks
   * share an environment. `local` are names of the task alone: a loop's item, `result`.
   */
  environment(
    draft: TaskDraft,
    registers: ReadonlyMap<string, Shape>,
    later: ReadonlyMap<string, string>,
    local: { readonly [name: string]: Shape },
  ): ConditionEnvironment {
    const words = conditionWords(draft);
    const named = [...registers].filter(([name]) => words.has(name));
    const isOwn = draft.vars.size > 0 || Object.keys(local).length > 0;
    const key = JSON.stringify([isOwn ? draft.id : '', Object.keys(local), named.map(([name]) => name)]);
    const known = this.#made.get(key);
    if (known) return known;
    const root = { ...this.#names(draft), ...Object.fromEntries(named), ...local };
    const made = conditionEnvironment(root, [...registers.keys()], later);
    this.#made.set(key, made);
    return made;
  }

  #names(draft: TaskDraft): { [name: string]: Shape } {
    const vars = this.#variablesShape(draft);
    const { hosts, groups } = this.#loaded.inventory;
    const names: Shape = { kind: 'list', of: STRING };
    return {
      vars,
      facts: FACTS,
      groups: objectShape(Object.fromEntries(Object.keys(groups).map((group) => [group, names]))),
      hostvars: objectShape(Object.fromEntries(hosts.map((host) => [host.name, vars]))),
      group_names: names,
      play_hosts: names,
      lost: names,
      inventory_hostname: STRING,
    };
  }

  /** The variables of all hosts together, typed from their values. */
  #variablesShape(draft: TaskDraft): ObjectShape {
    const key = draft.vars.size > 0 ? draft.vars : undefined;
    const known = this.#variables.get(key);
    if (known) return known;
    const fields: { [name: string]: Shape } = {};
    for (const { name: host } of this.#loaded.inventory.hosts) {
      const moment = beforehand(new Map(), new Map(), new Map(), draft.vars);
      const scope = hostScope(host, this.#loaded, this.#layers, moment) as HostScope;
      for (const name of scope.variables()) {
        const shape = shapeOfVariable(scope, name);
        const before = fields[name];
        fields[name] = before ? mergeShapes(before, shape) : shape;
      }
    }
    const shape = objectShape(fields);
    this.#variables.set(key, shape);
    return shape;
  }
}

/** A variable that cannot be computed yet (it reads a register), or at all, may be anything: reading it will tell. */
function shapeOfVariable(scope: HostScope, name: string): Shape {
  try {
    const value = scope.variable(name);
    return value === undefined || isNames(value) ? DYN : shapeOfValue(value as Value);
  } catch (error) {
    if (error instanceof Mistake || error instanceof UnknownRead) return DYN;
    throw error;
  }
}

/** Every word in a task's conditions, those among its arguments included. */
function conditionWords(draft: TaskDraft): Set<string> {
  const { when, until, changedWhen, failedWhen, args } = draft;
  const texts = JSON.stringify([...when, ...until, ...changedWhen, ...failedWhen, args].map(plainValue));
  return new Set(texts.match(/[A-Za-z_]\w*/g));
}
