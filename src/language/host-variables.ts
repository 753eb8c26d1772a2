import type { Value } from '../core/value.ts';
import { valueLayer } from './definitions.ts';
import type { HostScope } from './host-scope.ts';
import type { Loaded } from './load-inventory.ts';
import { isNames } from './names.ts';
import { beforehand, hostScope } from './play-scope.ts';
import { Problems } from './problems.ts';

type Variables = { readonly [name: string]: Value };

/** The variables of hosts outside of any play, computed, in the order of their names; all, or those of `only`. Throws an InputError. */
export function hostVariables(
  hosts: readonly string[],
  inventory: Loaded,
  extraVars: Variables,
  only?: readonly string[],
): ReadonlyMap<string, Variables> {
  const problems = new Problems();
  for (const [file, text] of inventory.sources) problems.addSource(file, text);
  const commandLine = valueLayer(extraVars, 'command line', 'the command line');
  const layers = { defaults: new Map(), vars: new Map(), commandLine };
  const moment = beforehand(new Map(), new Map(), new Map(), new Map());
  const variables = hosts.map((host) => {
    const scope = hostScope(host, inventory, layers, moment) as HostScope;
    return [host, variablesIn(scope, problems, only)] as const;
  });
  problems.throwIfAny();
  return new Map(variables);
}

function variablesIn(scope: HostScope, problems: Problems, only?: readonly string[]): Variables {
  const variables = scope
    .variables()
    .filter((name) => only?.includes(name) ?? true)
    .sort()
    .map((name) => [name, problems.collect(() => scope.get(name))] as const);
  return Object.fromEntries(
    variables.filter((pair): pair is readonly [string, Value] => pair[1] !== undefined && !isNames(pair[1])),
  );
}
