import { dirname } from 'node:path';
import { type Diagnostic, InputError, type Position } from '../core/diagnostic.ts';
import type { Host } from '../core/host.ts';
import type { Inventory } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import { type Layer, layerOf, valueLayer } from './definitions.ts';
import { describe } from './describe.ts';
import { readDocument } from './document.ts';
import type { Envelopes } from './envelopes.ts';
import { asMapping } from './fields.ts';
import { connectionOf } from './host-connection.ts';
import { expandRanges } from './host-range.ts';
import { refuseIni } from './ini-inventory.ts';
import { type Entry, type LocatedMapping, plainValue } from './located.ts';
import { didYouMean } from './nearest.ts';
import { Problems } from './problems.ts';
import { type Folders, NO_FOLDERS, readVariableFiles, type VariableFiles } from './variable-files.ts';

/** An inventory with the variables of its hosts. */
export interface Loaded {
  readonly inventory: Inventory;
  /** How its groups hang together, in the order of the file; `all` first. */
  readonly tree: readonly GroupNode[];
  /** For every host: what is implied, its groups' (weakest first) and its own variables. */
  readonly layers: { readonly [host: string]: HostLayers };
  /** The texts it was read from, by file, for messages that point into them. */
  readonly sources: ReadonlyMap<string, string>;
  readonly warnings: readonly Diagnostic[];
  /** What is wrong with it; a playbook on it can still be read for its own mistakes. */
  readonly mistakes: readonly Diagnostic[];
}

/** One group, with what stands directly in it. */
export interface GroupNode {
  readonly name: string;
  readonly children: readonly string[];
  readonly hosts: readonly string[];
}

export interface HostLayers {
  /** `ansible_host` and the like where nobody sets them. */
  readonly implied: Layer;
  /** Weakest first; of one group first what stands in the inventory, then its files in `group_vars/`. */
  readonly groups: readonly Layer[];
  /** What stands in the inventory, then the host's files in `host_vars/`. */
  readonly own: readonly Layer[];
}

interface Group {
  readonly name: string;
  readonly parents: Set<string>;
  readonly hosts: Set<string>;
  layer: Layer;
}

/** The groups and hosts while the file is read. */
interface Tree {
  readonly groups: Map<string, Group>;
  readonly hosts: Map<string, Layer>;
  readonly places: Map<string, Position>;
  readonly problems: Problems;
}

const GROUP_KEYS = ['hosts', 'children', 'vars'];

/** Reads an inventory in Ansible's YAML shape. Throws an InputError with every mistake in it. */
export function loadInventory(
  file: string,
  text: string,
  folders: Folders = NO_FOLDERS,
  envelopes?: Envelopes,
  extraVars?: { readonly [name: string]: Value },
): Loaded {
  const loaded = readInventory(file, text, folders, envelopes, extraVars);
  if (loaded.mistakes.length > 0) throw new InputError(loaded.mistakes);
  return loaded;
}

/** The same; mistakes are among what comes back, so that they can be shown together with those of a playbook. */
export function readInventory(
  file: string,
  text: string,
  folders: Folders = NO_FOLDERS,
  envelopes?: Envelopes,
  extraVars: { readonly [name: string]: Value } = {},
): Loaded {
  const problems = new Problems(envelopes);
  const tree: Tree = { groups: new Map(), hosts: new Map(), places: new Map(), problems };
  readTree(tree, file, text);
  checkNames(tree);
  const groupsOf = groupsByHost(tree);
  const groups = membersOfGroups(tree, groupsOf);
  const names = { groups: Object.keys(groups), hosts: [...tree.hosts.keys()] };
  const files = readVariableFiles(dirname(file), folders, names, problems);
  const commandLine = valueLayer(extraVars, 'command line', 'the command line');
  const loaded = [...tree.hosts.keys()].map((name, index) =>
    loadHost(tree, groupsOf.get(name) ?? [], files, commandLine, name, index),
  );
  return {
    inventory: { file, hosts: loaded.map(({ host }) => host), groups },
    tree: nodesOf(tree),
    layers: Object.fromEntries(loaded.map(({ host, layers }) => [host.name, layers])),
    sources: new Map([[file, text], ...files.sources]),
    warnings: problems.warnings,
    mistakes: problems.errors,
  };
}

function readTree(tree: Tree, file: string, text: string): void {
  const { problems } = tree;
  if (refuseIni(file, text, problems)) return;
  const root = readDocument(file, text, problems);
  if (root === undefined) {
    if (problems.count === 0)
      problems.error(
        'the inventory is empty',
        { file, line: 1, column: 1 },
        'write `all:` with `hosts:` below it',
      );
  } else if (root.kind !== 'mapping')
    problems.error(
      `an inventory is a mapping of groups, found ${describe(plainValue(root))}`,
      root.position,
      'write `all:` with `hosts:` below it',
    );
  else for (const entry of root.entries) readGroup(tree, entry, undefined);
}

function readGroup(tree: Tree, entry: Entry, parent: string | undefined): void {
  const { key: name, keyPosition } = entry;
  const { problems } = tree;
  if (!/^[A-Za-z_][\w-]*$/.test(name))
    problems.error(`a group has a name of letters, digits, _ and -, found \`${name}\``, keyPosition);
  const group = groupOf(tree, name);
  if (!tree.hosts.has(name)) tree.places.set(name, keyPosition);
  if (parent !== undefined && parent !== 'all') group.parents.add(parent);
  const mapping = asMapping(entry, problems);
  if (!mapping) return;
  for (const part of mapping.entries) {
    const content = GROUP_KEYS.includes(part.key) ? asMapping(part, problems) : undefined;
    if (part.key === 'vars')
      group.layer = mergeLayers(group.layer, layerOf(content, 'group', `group ${name}`, problems));
    else if (part.key === 'hosts') for (const host of content?.entries ?? []) readHosts(tree, host, group);
    else if (part.key === 'children')
      for (const child of content?.entries ?? []) readGroup(tree, child, name);
    else problems.error(`a group has no key \`${part.key}\``, part.keyPosition, groupKeyHint(part.key));
  }
}

function groupKeyHint(key: string): string | undefined {
  if (key === 'groups') return 'write `children:`';
  return (
    didYouMean(key, GROUP_KEYS) ??
    `put hosts below \`hosts:\`, groups below \`children:\`, variables below \`vars:\``
  );
}

/** The hosts of one line: one, or all of a range. */
function readHosts(tree: Tree, entry: Entry, group: Group): void {
  const { key, keyPosition, value } = entry;
  const { problems } = tree;
  const mapping: LocatedMapping | undefined =
    value.kind === 'scalar' && value.value === null ? undefined : asMapping(entry, problems);
  for (const name of problems.collect(() => expandRanges(key), keyPosition) ?? []) {
    if (!/^[A-Za-z0-9_][\w.-]*$/.test(name))
      problems.error(`a host has a name of letters, digits, _, . and -, found \`${name}\``, keyPosition);
    group.hosts.add(name);
    tree.places.set(name, keyPosition);
    const layer = layerOf(mapping, 'host', `host ${name}`, problems);
    tree.hosts.set(name, mergeLayers(tree.hosts.get(name) ?? new Map(), layer));
  }
}

function groupOf(tree: Tree, name: string): Group {
  const known = tree.groups.get(name);
  if (known) return known;
  const group: Group = { name, parents: new Set(), hosts: new Set(), layer: new Map() };
  tree.groups.set(name, group);
  return group;
}

function checkNames(tree: Tree): void {
  for (const name of tree.groups.keys()) {
    if (tree.hosts.has(name))
      tree.problems.error(
        `\`${name}\` is the name of a group and of a host`,
        tree.places.get(name),
        'rename one of them',
      );
    const cycle = ancestors(tree, name).includes(name);
    if (cycle)
      tree.problems.error(
        `the group \`${name}\` is its own child`,
        tree.places.get(name),
        'remove it from its `children:`',
      );
  }
}

/** Every group with its own hosts and those of its children, in the order of the inventory. */
function membersOfGroups(
  tree: Tree,
  groupsOf: ReadonlyMap<string, readonly Group[]>,
): { [group: string]: string[] } {
  const names = [...tree.groups.keys()].filter((name) => name !== 'all');
  const members = new Map(['all', ...names].map((name) => [name, [] as string[]]));
  for (const [host, groups] of groupsOf) for (const { name } of groups) members.get(name)?.push(host);
  return Object.fromEntries(members);
}

/** Every group with what stands directly in it; `all` has the groups without a parent, and hosts in no group. */
function nodesOf(tree: Tree): GroupNode[] {
  const groups = [...tree.groups.values()].filter(({ name }) => name !== 'all');
  const grouped = new Set(groups.flatMap(({ hosts }) => [...hosts]));
  const below = (parent: string) =>
    groups.filter(({ parents }) => parents.has(parent)).map(({ name }) => name);
  return [
    {
      name: 'all',
      children: groups.filter(({ parents }) => parents.size === 0).map(({ name }) => name),
      hosts: [...tree.hosts.keys()].filter((host) => !grouped.has(host)),
    },
    ...groups.map(({ name, hosts }) => ({ name, children: below(name), hosts: [...hosts] })),
  ];
}

/** The groups of every host, weakest first: `all`, then by depth, then by name. */
function groupsByHost(tree: Tree): Map<string, Group[]> {
  const byHost = new Map([...tree.hosts.keys()].map((host) => [host, new Set([groupOf(tree, 'all')])]));
  for (const group of tree.groups.values()) {
    const above = [group, ...ancestors(tree, group.name).map((name) => groupOf(tree, name))];
    for (const host of group.hosts) for (const one of above) byHost.get(host)?.add(one);
  }
  const depths = new Map([...tree.groups.values()].map((group) => [group, depth(tree, group.name)]));
  const weakestFirst = (a: Group, b: Group): number =>
    (depths.get(a) ?? 0) - (depths.get(b) ?? 0) || (a.name < b.name ? -1 : 1);
  return new Map([...byHost].map(([host, groups]) => [host, [...groups].sort(weakestFirst)]));
}

function ancestors(tree: Tree, name: string): string[] {
  const found = new Set<string>();
  const walk = (group: string): void => {
    for (const parent of tree.groups.get(group)?.parents ?? []) {
      if (found.has(parent)) continue;
      found.add(parent);
      walk(parent);
    }
  };
  walk(name);
  return [...found];
}

function depth(tree: Tree, name: string): number {
  return name === 'all' ? 0 : 1 + ancestors(tree, name).length;
}

function loadHost(
  tree: Tree,
  groupsOfHost: readonly Group[],
  files: VariableFiles,
  commandLine: Layer,
  name: string,
  index: number,
): { host: Host; layers: HostLayers } {
  const groups = groupsOfHost.flatMap((group) => [group.layer, ...files.ofGroup(group.name)]);
  const own = [tree.hosts.get(name) ?? new Map(), ...files.ofHost(name)];
  const host = connectionOf(name, index, [...groups, ...own], commandLine, tree.problems);
  const implied = valueLayer(
    { ansible_host: host.address, ansible_port: host.port, ansible_user: host.user },
    'implied',
    'the host itself',
  );
  return { host, layers: { implied, groups, own } };
}

function mergeLayers(weak: Layer, strong: Layer): Layer {
  return new Map([...weak, ...strong]);
}
