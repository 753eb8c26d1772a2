import { lines, type Script, sh } from '../../core/shell.ts';
import type { Artefact } from '../../facts/archive-listing.ts';

/** What goes from a directory of gathered backups: files below it, and the artefacts that stay. */
export interface Forgetting {
  readonly count: number;
  readonly files: readonly string[];
  readonly kept: readonly string[];
}

/** So many names a command: their text stays below what a shell takes. */
const AT_ONCE = 200;

/** Only what its own host still holds whole goes; anything else may be the last copy. */
export function forgetting(came: readonly Artefact[], theirs: readonly Artefact[]): Forgetting {
  const held = new Set(theirs.filter(isWhole).map(keyOf));
  const due = came.filter((one) => held.has(keyOf(one)));
  return {
    count: due.length,
    files: due.flatMap(({ path, companions }) => [path, ...companions.map((companion) => companion.path)]),
    kept: came.filter((one) => !held.has(keyOf(one))).map(({ path }) => path),
  };
}

/** The sidecar last: an artefact without one is incomplete, and a sidecar alone says of nothing that it is there. */
export function forgettingScript(gathered: string, from: string, { files, kept }: Forgetting): Script {
  const parts = Array.from({ length: Math.ceil(files.length / AT_ONCE) }, (_, part) =>
    files.slice(part * AT_ONCE, (part + 1) * AT_ONCE).map((path) => `./${path}`),
  );
  return lines(
    sh`set -eu; cd -- ${gathered}`,
    ...parts.map((names) => sh`rm -f -- ${names}`),
    ...(kept.length === 0 ? [sh`rm -f -- ${`./${from}/CLUSTER.json`}`] : []),
    sh`find ${`./${from}`} -depth -type d -empty -delete`,
  );
}

export function isWhole({ found, size, sha256, plainSha256 }: Artefact): boolean {
  return found === size && sha256 !== '' && plainSha256 !== '';
}

/** Kind and file name, wherever it lies. */
export function nameOf({ path }: Artefact): string {
  return path.split('/').slice(-2).join('/');
}

export function keyOf(one: Artefact): string {
  return `${nameOf(one)} ${one.plainSha256}`;
}
