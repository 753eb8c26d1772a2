import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Looked } from '../../src/core/fact.ts';
import { type PathInfo, pathFact } from '../../src/facts/path.ts';
import { type Place, placeFact } from '../../src/facts/place.ts';
import { facts, value } from './views.ts';

/** Checksums of 'old\n' and 'new\n'. */
export const SUM = { old: sha256('old\n'), new: sha256('new\n') } as const;

/** A file of root's as looking would find it; without `sha256` it is one that cannot be read. */
export function file(more: Partial<PathInfo>): Looked<PathInfo> {
  return value({ type: 'file', mode: '0644', owner: 'root', group: 'root', mounted: false, ...more });
}

export const OLD: Looked<PathInfo> = file({ sha256: SUM.old });

/** What `file`, `copy` and `template` look at. */
export function at(
  path: string,
  looked: Looked<unknown>,
  parent: Looked<Place> = value({ type: 'directory' }),
  { follow = true }: { follow?: boolean } = {},
): Map<string, Looked<unknown>> {
  return facts([pathFact(path, { follow, sum: true }), looked], [placeFact(posix.dirname(path)), parent]);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
