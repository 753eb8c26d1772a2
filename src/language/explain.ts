import type { Position } from '../core/diagnostic.ts';
import type { Value } from '../core/value.ts';
import { type Layer, type Level, OWN_NAMES, valueLayer } from './definitions.ts';
import { readDocument } from './document.ts';
import type { HostScope } from './host-scope.ts';
import { Includes } from './includes.ts';
import type { Loaded } from './load-inventory.ts';
import { isNames } from './names.ts';
import { nearest } from './nearest.ts';
import { matchHosts } from './patterns.ts';
import { beforehand, hostScope, type PlayLayers } from './play-scope.ts';
import { Problems } from './problems.ts';
import { readPlays } from './read-play.ts';

/** Where a value comes from and what it hides, for one host in one play (or outside of any). */
export interface Explanation {
  /** Name of the play; absent when no playbook was given. */
  readonly play?: string;
  /** The value; absent when nobody defines it. */
  readonly value?: Value;
  /** All places that define it, strongest first: the first one counts and hides the others. */
  readonly places: readonly {
    readonly level: Level;
    readonly origin: string;
    readonly position?: Position;
  }[];
}

export interface ExplainOptions {
  readonly inventory: Loaded;
  readonly variable: string;
  readonly host: string;
  readonly playbook?: {
    readonly file: string;
    readonly text: string;
    /** Relative paths count from the playbook's folder. */
    readFile(path: string): string | Buffer;
  };
  readonly extraVars?: { readonly [name: string]: Value };
}

interface PlayVariables {
  readonly name?: string;
  readonly layers: PlayLayers;
  readonly around: Layer;
}

/** Explains a variable, once for every play that has the host. Throws an InputError. */
export function explain(options: ExplainOptions): Explanation[] {
  const { inventory, host, variable } = options;
  const problems = new Problems();
  for (const [file, text] of inventory.sources) problems.addSource(file, text);
  const isKnown = problems.collect(() => matchHosts(host, inventory.inventory)) !== undefined;
  const explanations = isKnown
    ? playsOf(options, problems).map(({ name, layers, around }): Explanation => {
        const moment = beforehand(new Map(), new Map(), new Map(), around);
        const scope = hostScope(host, inventory, layers, moment) as HostScope;
        const value = problems.collect(() => valueIn(scope, variable, inventory));
        const places = isOwn(variable, value)
          ? [ITSELF]
          : scope.definitions(variable).map(({ level, origin, position }) => ({
              level,
              origin,
              ...(position && { position }),
            }));
        if (places.length === 0) suggest(variable, scope, problems);
        return {
          ...(name !== undefined && { play: name }),
          ...(value !== undefined && !isNames(value) && { value }),
          places,
        };
      })
    : [];
  problems.throwIfAny();
  return explanations;
}

/** Names that mean something without anybody setting them, and cannot be shown before a run. */
const NO_VARIABLES: { readonly [name: string]: string } = {
  hostvars: 'it leads to the variables of other hosts: fanops explain NAME --host HOST',
  vars: 'it leads to the variables of the host: fanops explain NAME --host HOST',
  play_hosts: 'it is the hosts of a play: fanops plan PLAYBOOK --list-hosts',
  result: 'it is what a task comes to, for its `until`, `changed_when` and `failed_when`',
  failed_task: 'it is what failed, for the tasks of a `rescue`',
  failed_result: 'it is what failed, for the tasks of a `rescue`',
};
const ITSELF = { level: 'implied', origin: 'fanops itself' } as const;

function valueIn(scope: HostScope, variable: string, { inventory }: Loaded): ReturnType<HostScope['get']> {
  return variable === 'groups' ? inventory.groups : scope.get(variable);
}

function isOwn(variable: string, value: ReturnType<HostScope['get']>): boolean {
  return OWN_NAMES.includes(variable) && value !== undefined && !isNames(value);
}

function suggest(variable: string, scope: HostScope, problems: Problems): void {
  const meaning = Object.hasOwn(NO_VARIABLES, variable) ? NO_VARIABLES[variable] : undefined;
  if (meaning !== undefined) {
    problems.error(`\`${variable}\` is a name of the language, not a variable`, undefined, meaning);
    return;
  }
  const near = nearest(variable, scope.variables());
  problems.error(
    `variable \`${variable}\` is not defined`,
    undefined,
    near ? `did you mean \`${near}\`?` : `variables: ${scope.variables().sort().join(', ')}`,
  );
}

/** The variables of every play of the playbook that has the host; nothing else of it is looked at. */
function playsOf(
  { inventory, playbook, host, extraVars = {} }: ExplainOptions,
  problems: Problems,
): PlayVariables[] {
  const commandLine = valueLayer(extraVars, 'command line', 'the command line');
  const none: Layer = new Map();
  if (!playbook) return [{ layers: { defaults: none, vars: none, commandLine }, around: none }];
  // Only the variables count here: what else is wrong with the playbook `fanops validate` tells.
  const aside = problems.fresh();
  const drafts = readPlays(readDocument(playbook.file, playbook.text, problems), playbook.file, {
    inventory: inventory.inventory,
    isInventoryWhole: true,
    resources: [],
    problems: aside,
    includes: new Includes(playbook.file, playbook.readFile, aside),
    nextNumber: () => 0,
  });
  return drafts
    .filter(({ hosts }) => hosts.includes(host))
    .map(({ name, defaults, vars, around }) => ({ name, layers: { defaults, vars, commandLine }, around }));
}
