import { posix } from 'node:path';
import type { FactView } from '../../core/fact.ts';
import { placeFact } from '../../facts/place.ts';

/** Why nothing can be made at `path`: its directory is not there; undefined when it is. */
export function parentProblem(
  path: string,
  facts: FactView,
  member: string = facts.host,
): string | undefined {
  const parent = posix.dirname(path);
  const looked = facts.get(placeFact(parent), member);
  if (looked.state === 'unreadable') return `could not look at ${parent}: ${looked.reason}`;
  if (looked.state === 'absent')
    return `the directory ${parent} does not exist: make it first, with a directory task before this one`;
  if (looked.value.type !== 'directory')
    return `expected a directory at ${parent}, found a ${looked.value.type}`;
  return undefined;
}
