import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

/** Every path below a folder with its type, mode, owner and content: equal texts, equal trees. */
export function treeText(root: string): string {
  return walk(root, '').join('\n');
}

function walk(root: string, path: string): string[] {
  const full = join(root, path);
  const stat = lstatSync(full);
  const head = `${JSON.stringify(path)} ${(stat.mode & 0o170000).toString(8)} ${(stat.mode & 0o7777).toString(8)} ${stat.uid}:${stat.gid}`;
  if (stat.isSymbolicLink()) return [`${head} -> ${JSON.stringify(readlinkSync(full))}`];
  if (stat.isFile()) return [`${head} ${createHash('sha256').update(readFileSync(full)).digest('hex')}`];
  if (!stat.isDirectory()) return [head];
  const names = readdirSync(full).sort();
  return [head, ...names.flatMap((name) => walk(root, join(path, name)))];
}
