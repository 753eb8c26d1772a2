import { mistake } from '../core/diagnostic.ts';
import { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Json, Value } from '../core/value.ts';
import { hostVariables } from '../language/host-variables.ts';
import type { GroupNode, Loaded } from '../language/load-inventory.ts';
import { groupNames } from '../language/membership.ts';
import { didYouMean } from '../language/nearest.ts';
import { valueJson } from '../report/value-text.ts';
import { type Args, isSet, lastOf } from './args.ts';
import { openConsole } from './console.ts';
import { loadVariables } from './load-variables.ts';

/** `fanops inventory`: what the inventory comes to, for people (a tree) or for machines. */
export async function inventory(args: Args): Promise<Outcome> {
  const { inventory: loaded, extraVars } = loadVariables(args);
  const console = openConsole(new Masker(), args);
  const host = lastOf(args, 'host');
  if (host !== undefined) console.out(json(oneHost(host, loaded, extraVars)));
  else if (isSet(args, 'list')) console.out(json(everything(loaded, extraVars)));
  else
    console.out(
      graph(loaded)
        .map((line) => `${line}\n`)
        .join(''),
    );
  return 'done';
}

type Variables = { readonly [name: string]: Value };

function oneHost(host: string, loaded: Loaded, extraVars: Variables): Json {
  const names = loaded.inventory.hosts.map(({ name }) => name);
  if (!names.includes(host))
    throw mistake(`the inventory has no host \`${host}\``, { hint: didYouMean(host, names, 'hosts') ?? '' });
  return { schema: 'fanops/inventory-host/1', host, ...hostsJson([host], loaded, extraVars)[host] };
}

function everything(loaded: Loaded, extraVars: Variables): Json {
  const { file, hosts } = loaded.inventory;
  const names = hosts.map(({ name }) => name);
  return {
    schema: 'fanops/inventory/1',
    file,
    groups: Object.fromEntries(loaded.tree.map(({ name, children, hosts }) => [name, { children, hosts }])),
    hosts: hostsJson(names, loaded, extraVars),
  };
}

function hostsJson(
  hosts: readonly string[],
  loaded: Loaded,
  extraVars: Variables,
): { readonly [host: string]: { readonly [key: string]: Json } } {
  const variables = hostVariables(hosts, loaded, extraVars);
  return Object.fromEntries(
    hosts.map((host) => [
      host,
      { groups: groupNames(host, loaded.inventory), variables: valueJson(variables.get(host) ?? {}) },
    ]),
  );
}

/** As `ansible-inventory --graph` draws it. */
function graph({ tree }: Loaded): string[] {
  const byName = new Map(tree.map((node) => [node.name, node]));
  const draw = (node: GroupNode, depth: number): string[] => [
    `${lead(depth)}@${node.name}:`,
    ...node.children.flatMap((child) => draw(byName.get(child) as GroupNode, depth + 1)),
    ...node.hosts.map((host) => `${lead(depth + 1)}${host}`),
  ];
  return draw(byName.get('all') as GroupNode, 0);
}

function lead(depth: number): string {
  return depth === 0 ? '' : `${'  |'.repeat(depth)}--`;
}

function json(value: Json): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
