import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Everything below a folder: path to type, mode, owner and content (or target). */
export function treeOf(root: string): Map<string, string> {
  const tree = new Map<string, string>();
  for (const name of ['', ...(readdirSync(root, { recursive: true }) as string[])]) {
    const path = join(root, name);
    const stat = lstatSync(path);
    const content = stat.isFile()
      ? createHash('sha256').update(readFileSync(path)).digest('hex')
      : stat.isSymbolicLink()
        ? readlinkSync(path)
        : '';
    tree.set(path, `${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${content}`);
  }
  return tree;
}

/** The paths that differ, sorted. */
export function changedPaths(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const paths = new Set([...before.keys(), ...after.keys()]);
  return [...paths].filter((path) => before.get(path) !== after.get(path)).sort();
}
