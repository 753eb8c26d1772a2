import type { Inventory } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import type { Layer } from './definitions.ts';
import { HostScope, hostvarsNames } from './host-scope.ts';
import type { Loaded } from './load-inventory.ts';
import { groupNames, hostNames } from './membership.ts';
import { layered, type Names, namesOf } from './names.ts';
import { Mistake } from './problems.ts';
import { FACTS, type Shape, unknownOf } from './shape.ts';

/** The layers of variables that a play adds to those of the inventory. */
export interface PlayLayers {
  readonly defaults: Layer;
  readonly vars: Layer;
  readonly commandLine: Layer;
  /** The play's hosts, limit applied: `play_hosts`. Absent outside of a play. */
  readonly hosts?: readonly string[];
  /** Hosts that were declared gone for good: `lost`. */
  readonly lost?: readonly string[];
}

/** What differs from one reading to the next: of the task, and of the moment. */
export interface Moment {
  readonly taskVars: Layer;
  /** The loop's item, under its name; stronger than everything. */
  readonly local: Layer;
  readonly registers: { readonly [name: string]: Value };
  readonly facts: Value;
  /** Registers that may be read here, and who sets them. */
  readonly visible: ReadonlyMap<string, string>;
  /** Registers that only later tasks set. */
  readonly later: ReadonlyMap<string, string>;
}

const NOTHING: Layer = new Map();

/** All names that templates and conditions on one host may use. */
export function hostScope(host: string, loaded: Loaded, layers: PlayLayers, moment: Moment): Names {
  const around: Names = layered(
    'variable',
    ownNames(host, loaded.inventory),
    hostvars(loaded, layers, moment.taskVars),
    namesOf('variable', {
      facts: moment.facts,
      lost: layers.lost ?? [],
      ...(layers.hosts && { play_hosts: layers.hosts }),
    }),
    registers(host, moment),
    {
      isNames: true,
      what: 'variable',
      get: (name) => (name === 'vars' ? variables : undefined),
      names: () => ['vars'],
    },
  );
  const scope = variablesOf(host, loaded, layers, moment, around);
  const variables = variablesOnly(scope);
  return scope;
}

function hostvars(loaded: Loaded, layers: PlayLayers, taskVars: Layer): Names {
  const hosts = hostNames(loaded.inventory);
  const names = hostvarsNames(hosts, (host) => otherHost(host, loaded, layers, taskVars));
  return namesOf('variable', { hostvars: names });
}

const others = new WeakMap<PlayLayers, WeakMap<Layer, Map<string, Names>>>();

/**
 * The variables of another host, as `hostvars` shows them. What tasks registered there is not among them, so
 * that they are the same throughout a play and are computed once.
 */
function otherHost(host: string, loaded: Loaded, layers: PlayLayers, taskVars: Layer): Names {
  const vars = taskVars.size === 0 ? NOTHING : taskVars;
  const byVars = others.get(layers) ?? new WeakMap<Layer, Map<string, Names>>();
  others.set(layers, byVars);
  const byHost = byVars.get(vars) ?? new Map<string, Names>();
  byVars.set(vars, byHost);
  const known = byHost.get(host);
  if (known) return known;
  const moment = { taskVars: vars, local: NOTHING };
  const around = layered('variable', ownNames(host, loaded.inventory), hostvars(loaded, layers, vars));
  const scope = variablesOf(host, loaded, layers, moment, around);
  byHost.set(host, scope);
  return scope;
}

export function variablesOf(
  host: string,
  loaded: Loaded,
  { defaults, vars, commandLine }: PlayLayers,
  { taskVars, local }: Pick<Moment, 'taskVars' | 'local'>,
  around: Names,
): HostScope {
  const own = loaded.layers[host];
  const layers = [
    own?.implied ?? NOTHING,
    defaults,
    ...(own?.groups ?? []),
    ...(own?.own ?? []),
    vars,
    taskVars,
  ];
  return new HostScope([...layers, commandLine, local], around);
}

const ownNamesOf = new WeakMap<Inventory, Map<string, Names>>();

/** What every host has beside its variables. */
export function ownNames(host: string, inventory: Inventory): Names {
  const byHost = ownNamesOf.get(inventory) ?? new Map<string, Names>();
  ownNamesOf.set(inventory, byHost);
  const known = byHost.get(host);
  if (known) return known;
  const names = namesOf('variable', {
    inventory_hostname: host,
    group_names: groupNames(host, inventory),
    groups: namesOf('group', inventory.groups),
  });
  byHost.set(host, names);
  return names;
}

/** The variables alone, as `vars` shows them. */
function variablesOnly(scope: HostScope): Names {
  return {
    isNames: true,
    what: 'variable',
    get: (name) => scope.variable(name),
    names: () => scope.variables(),
  };
}

function registers(host: string, { registers, visible, later }: Moment): Names {
  return {
    isNames: true,
    what: 'register',
    names: () => [...new Set([...visible.keys(), ...Object.keys(registers)])],
    get: (name) => {
      if (Object.hasOwn(registers, name)) return registers[name];
      const next = later.get(name);
      if (next !== undefined && !visible.has(name))
        throw new Mistake(
          `\`${name}\` is registered only later, by "${next}"`,
          undefined,
          'move this task below that one',
        );
      const by = visible.get(name);
      if (by === undefined) return undefined;
      throw new Mistake(
        `\`${name}\` was not registered on ${host}: ${by} did not run there`,
        undefined,
        'check --tags and the hosts of its play; the task must have run there before',
      );
    },
  };
}

/** A moment before anything has run: what registers and facts hold is not known yet, only its types. */
export function beforehand(
  shapes: ReadonlyMap<string, Shape>,
  visible: ReadonlyMap<string, string>,
  later: ReadonlyMap<string, string>,
  taskVars: Layer,
): Moment {
  const registers = [...shapes].map(([name, shape]) => [name, unknownOf(shape, visible.get(name) ?? name)]);
  return {
    taskVars,
    local: NOTHING,
    visible,
    later,
    registers: Object.fromEntries(registers),
    facts: unknownOf(FACTS, 'the host was reached'),
  };
}
