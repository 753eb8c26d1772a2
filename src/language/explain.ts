import type { Position } from '../core/diagnostic.ts';
import type { Value } from '../core/value.ts';
import { type Layer, type Level, layerOf, valueLayer } from './definitions.ts';
import { readDocument } from './document.ts';
import { Fields } from './fields.ts';
import type { HostScope } from './host-scope.ts';
import type { Loaded } from './load-inventory.ts';
import { isNames } from './names.ts';
import { nearest } from './nearest.ts';
import { matchHosts } from './patterns.ts';
import { beforehand, hostScope, type PlayLayers } from './play-scope.ts';
import { Mistake, Problems } from './problems.ts';

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
  readonly playbook?: { readonly file: string; readonly text: string };
  readonly extraVars?: { readonly [name: string]: Value };
}

interface PlayVariables {
  readonly name?: string;
  readonly layers: PlayLayers;
}

/** Explains a variable, once for every play that has the host. Throws an InputError. */
export function explain(options: ExplainOptions): Explanation[] {
  const { inventory, host, variable } = options;
  const problems = new Problems();
  for (const [file, text] of inventory.sources) problems.addSource(file, text);
  const isKnown = problems.collect(() => matchHosts(host, inventory.inventory)) !== undefined;
  const explanations = isKnown
    ? playsOf(options, problems).map(({ name, layers }): Explanation => {
        const moment = beforehand(new Map(), new Map(), new Map(), new Map());
        const scope = hostScope(host, inventory, layers, moment) as HostScope;
        const value = problems.collect(() => scope.get(variable));
        const places = scope.definitions(variable).map(({ level, origin, position }) => ({
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

function suggest(variable: string, scope: HostScope, problems: Problems): void {
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
  if (!playbook) return [{ layers: { defaults: none, vars: none, commandLine } }];
  const root = readDocument(playbook.file, playbook.text, problems);
  if (root?.kind !== 'list') return [];
  return root.items.flatMap((play, index) => {
    if (play.kind !== 'mapping') return [];
    const fields = new Fields(play, problems);
    const hosts = fields.texts('hosts').flatMap((pattern) => orNobody(String(pattern.value), inventory));
    if (!hosts.includes(host)) return [];
    const number = index + 1;
    const defaults = layerOf(
      fields.mappingOf('defaults'),
      'defaults',
      `defaults of play ${number}`,
      problems,
    );
    const vars = layerOf(fields.mappingOf('vars'), 'play', `vars of play ${number}`, problems);
    return [
      {
        name: String(fields.text('name')?.value ?? `play ${number}`),
        layers: { defaults, vars, commandLine },
      },
    ];
  });
}

function orNobody(pattern: string, { inventory }: Loaded): string[] {
  try {
    return matchHosts(pattern, inventory);
  } catch (error) {
    if (error instanceof Mistake) return [];
    throw error;
  }
}
