import { dirname, join, resolve } from 'node:path';
import { type Layer, layerOf } from './definitions.ts';
import { describe } from './describe.ts';
import { readDocument } from './document.ts';
import { plainValue } from './located.ts';
import { nearest } from './nearest.ts';
import type { Problems } from './problems.ts';

/** What of the controller's files is read beside an inventory; undefined for what is not there. */
export interface Folders {
  /** The names in a folder, those of folders with a slash at their end. */
  list(folder: string): readonly string[] | undefined;
  read(file: string): string;
}

export const NO_FOLDERS: Folders = { list: () => undefined, read: () => '' };

/** The variables in `group_vars/` and `host_vars/`, a layer for each file, weakest first. */
export interface VariableFiles {
  readonly sources: ReadonlyMap<string, string>;
  ofGroup(name: string): readonly Layer[];
  ofHost(name: string): readonly Layer[];
}

type Kind = 'group' | 'host';

/** One of the two folders while it is read. */
interface Reading {
  readonly kind: Kind;
  readonly folder: string;
  /** The names of the inventory. */
  readonly known: readonly string[];
  readonly folders: Folders;
  readonly sources: Map<string, string>;
  readonly problems: Problems;
}

/** Reads both folders beside an inventory, whole: a mistake in a file shows even where no host needs it. */
export function readVariableFiles(
  beside: string,
  folders: Folders,
  { groups, hosts }: { readonly groups: readonly string[]; readonly hosts: readonly string[] },
  problems: Problems,
): VariableFiles {
  const sources = new Map<string, string>();
  const common = { folders, sources, problems };
  const ofGroups = readKind({ ...common, kind: 'group', folder: join(beside, 'group_vars'), known: groups });
  const ofHosts = readKind({ ...common, kind: 'host', folder: join(beside, 'host_vars'), known: hosts });
  return {
    sources,
    ofGroup: (name) => ofGroups.get(name) ?? [],
    ofHost: (name) => ofHosts.get(name) ?? [],
  };
}

/** Ansible reads them beside the playbook too. Here a value has one place, and another one is not passed over in silence. */
export function refuseBesidePlaybook(
  playbook: string,
  inventory: string,
  folders: Folders,
  problems: Problems,
): void {
  const [own, wanted] = [dirname(playbook), dirname(inventory)];
  if (resolve(own) === resolve(wanted)) return;
  for (const name of ['group_vars', 'host_vars'])
    if (folders.list(join(own, name)) !== undefined)
      problems.error(
        `${join(own, name)} stands beside the playbook, and is not read`,
        undefined,
        `variables of groups and hosts belong beside the inventory: move it to ${join(wanted, name)}`,
      );
}

/** `db.yml`, `db.yaml`, `db.json`, `db`, and all such files below `db/`; what stands in the folder is weaker. */
function readKind(reading: Reading): Map<string, readonly Layer[]> {
  const { kind, folder, folders, known } = reading;
  const layers = new Map<string, Layer[]>();
  const isMeant = (entry: string): boolean => known.includes(entry) || isRead(entry);
  for (const entry of [...(folders.list(folder) ?? [])].filter(isMeant).sort(foldersFirst)) {
    const whole = entry.replace(/\/$/, '');
    const name = known.includes(whole) ? whole : whole.replace(/\.(ya?ml|json)$/, '');
    const files = entry.endsWith('/') ? filesBelow(join(folder, entry), folders) : [join(folder, entry)];
    if (!known.includes(name)) warnOfSlip(reading, name, files[0]);
    for (const file of files)
      layers.set(name, [...(layers.get(name) ?? []), readFile(reading, file, `${kind} ${name}`)]);
  }
  return layers;
}

function filesBelow(folder: string, folders: Folders): string[] {
  return [...(folders.list(folder) ?? [])]
    .filter(isRead)
    .sort()
    .flatMap((entry) =>
      entry.endsWith('/') ? filesBelow(join(folder, entry), folders) : [join(folder, entry)],
    );
}

function readFile({ kind, folders, sources, problems }: Reading, file: string, origin: string): Layer {
  const text = folders.read(file);
  sources.set(file, text);
  const root = readDocument(file, text, problems);
  if (root === undefined || (root.kind === 'scalar' && root.value === null)) return new Map();
  if (root.kind === 'mapping') return layerOf(root, kind, origin, problems);
  problems.error(
    `a file of variables is a mapping, found ${describe(plainValue(root))}`,
    root.position,
    'write `name: value` lines',
  );
  return new Map();
}

/** Neither hidden ones, nor what editors leave behind, nor what is no YAML. */
function isRead(entry: string): boolean {
  return !entry.startsWith('.') && (/^[^.]+\/?$|\.(ya?ml|json)$/.test(entry) || entry.endsWith('/'));
}

function foldersFirst(a: string, b: string): number {
  return Number(b.endsWith('/')) - Number(a.endsWith('/')) || (a < b ? -1 : 1);
}

/** A name that is nearly one of the inventory's is a slip; others may be those of another inventory beside it. */
function warnOfSlip({ kind, known, problems }: Reading, name: string, file: string | undefined): void {
  const near = nearest(name, known);
  if (near === undefined || file === undefined) return;
  problems.warn(
    `the inventory has no ${kind} \`${name}\`: nobody has these variables`,
    { file, line: 1, column: 1 },
    `did you mean \`${near}\`?`,
  );
}
