import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { FieldChange } from '../../core/change.ts';
import { Secret } from '../../core/secret.ts';
import type { Tree, TreeEntry } from '../../facts/tree.ts';
import { type Attributes, attributeChanges } from './attributes.ts';
import { type Body, bodyOf, contentChange, type LocalFile } from './body.ts';

/** One file of a set, as declared. */
export interface ReleaseFile extends Attributes {
  /** Relative to the set: "scripts/backup.sh". */
  readonly path: string;
  readonly src?: string;
  readonly content?: string | Secret;
  readonly source?: LocalFile;
}

/** One file of a set, with everything decided. */
export interface SetFile {
  readonly path: string;
  readonly body: Body;
  readonly attributes: Attributes;
}

export type Owners = Pick<Attributes, 'owner' | 'group'>;

/** Directories of a set are open to all. */
export function directoryAttributes({ owner, group }: Owners): Attributes {
  return withOwners(owner, group, '0755');
}

export const SET_NAME = /^[0-9a-f]{16}(-[0-9]+)?$/;

/** Sorted by path. A file without content is a bug of the schema's. */
export function filesOf(files: readonly ReleaseFile[], owners: Owners): SetFile[] {
  return files
    .map(({ path, content, source, owner = owners.owner, group = owners.group, mode }) => {
      const body = bodyOf(content, source);
      if (!body) throw new Error(`${path} has neither src nor content`);
      const attributes = withOwners(owner, group, mode ?? (content instanceof Secret ? '0600' : '0644'));
      return { path, body, attributes };
    })
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

function withOwners(owner: string | undefined, group: string | undefined, mode: string): Attributes {
  return { ...(owner === undefined ? {} : { owner }), ...(group === undefined ? {} : { group }), mode };
}

/**
 * Names a set by what is in it: the first half of a digest of names, permissions and contents. A secret does not
 * enter it, because the name is open to all.
 */
export function digestOf(files: readonly SetFile[]): string {
  const parts = files.map(({ path, body, attributes: { owner, group, mode } }) =>
    [path, owner, group, mode, body.text instanceof Secret ? 'secret' : body.sha256].join('\0'),
  );
  return createHash('sha256').update(parts.join('\n\0')).digest('hex').slice(0, 16);
}

/** The directories that the files need, each after the one that holds it. */
export function directoriesOf(files: readonly { readonly path: string }[]): string[] {
  const above = (path: string): string[] => {
    const parent = posix.dirname(path);
    return parent === '.' ? [] : [...above(parent), parent];
  };
  return [...new Set(files.flatMap(({ path }) => above(path)))].sort();
}

/** The entries of one set, relative to it; the set itself has the empty path. */
export function entriesOf({ entries }: Tree, name: string): readonly TreeEntry[] {
  return entries
    .filter(({ path }) => path === name || path.startsWith(`${name}/`))
    .map((entry) => ({ ...entry, path: entry.path.slice(name.length + 1) }));
}

/** How a set on the host differs from the one wanted: nothing may be missing, changed or added. */
export function driftOf(
  entries: readonly TreeEntry[],
  files: readonly SetFile[],
  owners: Owners,
  oldText: (path: string) => { readonly text?: string },
): FieldChange[] {
  const there = new Map(entries.map((entry) => [entry.path, entry]));
  const directories = ['', ...directoriesOf(files)];
  const wanted = new Set([...directories, ...files.map(({ path }) => path)]);
  const added = entries.filter(({ path }) => !wanted.has(path)).map(({ path }) => path);
  return [
    ...directories.flatMap((path) => directoryDrift(path, owners, there.get(path))),
    ...files.flatMap((file) => fileDrift(file, there.get(file.path), oldText)),
    ...added.map((field) => ({ field, before: 'present', after: 'absent' })),
  ];
}

function directoryDrift(path: string, owners: Owners, entry: TreeEntry | undefined): FieldChange[] {
  const field = path === '' ? '.' : path;
  if (entry?.type !== 'directory')
    return [{ field, ...(entry ? { before: entry.type } : {}), after: 'directory' }];
  return attributeChanges(directoryAttributes(owners), entry).map((change) => named(field, change));
}

function fileDrift(
  { path, body, attributes }: SetFile,
  entry: TreeEntry | undefined,
  oldText: (path: string) => { readonly text?: string },
): FieldChange[] {
  if (!entry) return [{ ...contentChange(body), field: path }];
  if (entry.type !== 'file') return [{ field: path, before: entry.type, after: 'file' }];
  const before = { ...(entry.sha256 === undefined ? {} : { sha256: entry.sha256 }), ...oldText(path) };
  const content =
    entry.sha256 === body.sha256 ? [] : [{ ...contentChange(body, before), field: path } as FieldChange];
  return [...content, ...attributeChanges(attributes, entry).map((change) => named(path, change))];
}

function named(path: string, change: FieldChange): FieldChange {
  return { ...change, field: `${path} ${change.field}` };
}
