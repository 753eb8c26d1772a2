import { posix } from 'node:path';
import type { Command } from '../../core/command.ts';
import { lines, type Script, sh } from '../../core/shell.ts';
import { setAttributes } from './attributes.ts';
import { directoriesOf, directoryAttributes, type Owners, type SetFile } from './release-set.ts';
import { checkArrived } from './replace.ts';

export interface ReleaseSet {
  readonly path: string;
  readonly releases: string;
  readonly name: string;
  readonly keep: number;
  /** Whether it was written just now, or was there already. */
  readonly write: boolean;
}

/** Where a set grows before it gets its name. What a broken-off run left there is removed first. */
function unfinished({ releases, name }: ReleaseSet): string {
  return posix.join(releases, `.fanops-${name}~`);
}

export function startSet(set: ReleaseSet, files: readonly SetFile[], owners: Owners): Command {
  const at = unfinished(set);
  const script = lines(
    sh`set -eu; umask 022`,
    sh`[ -d ${set.releases} ] || mkdir -- ${set.releases}`,
    sh`rm -rf -- ${at}`,
    ...['', ...directoriesOf(files)].map((path) => {
      const directory = posix.join(at, path).replace(/\/$/, '');
      return lines(sh`mkdir -- ${directory}`, setAttributes(sh`${directory}`, directoryAttributes(owners)));
    }),
  );
  return shell(script, `begin the set ${set.name}`);
}

/** Closed until it has its owner: a secret is never readable to others. */
export function writeFile(set: ReleaseSet, { path, body, attributes }: SetFile): Command {
  const at = posix.join(unfinished(set), path);
  const script = lines(
    sh`set -eu; umask 077; t=${at}`,
    sh`cat >"$t"`,
    checkArrived(body),
    setAttributes(sh`"$t"`, attributes),
  );
  return { ...shell(script, `write ${set.name}/${path}`), stdin: body.stdin };
}

/**
 * Everything reaches the disk before the link does. The old link is replaced by renaming a new one over it: at no
 * moment is there none. Old sets go last; the one that the link leads to never does.
 */
export function publishSet(set: ReleaseSet): Command {
  const { path, releases, name, keep, write } = set;
  const final = posix.join(releases, name);
  const at = unfinished(set);
  const fresh = posix.join(posix.dirname(path), `.fanops-${posix.basename(path)}~`);
  const script = lines(
    sh`set -eu`,
    write ? sh`find ${at} -depth -print0 | xargs -0 sync --` : undefined,
    // -T and no -f: a directory that is there is never written into.
    write ? sh`[ ! -e ${final} ] || { echo ${`${final} exists already`} >&2; exit 1; }` : undefined,
    write ? sh`mv -nT -- ${at} ${final}; [ ! -e ${at} ]` : sh`touch -- ${final}`,
    sh`sync -- ${releases}`,
    sh`rm -f -- ${fresh}`,
    sh`ln -sT -- ${final} ${fresh}`,
    sh`mv -fT -- ${fresh} ${path}`,
    sh`sync -- ${posix.dirname(path)}`,
    removeOld(path, releases, keep),
  );
  return shell(script, `${path} -> ${final}`);
}

/** Newest first by the time of their switch; names that are not a set's are left alone. */
function removeOld(path: string, releases: string, keep: number): Script {
  return lines(
    sh`used=$(readlink -f -- ${path})`,
    sh`cd -- ${releases}`,
    sh`ls -1t | grep -xE '[0-9a-f]{16}(-[0-9]+)?' | { n=1; while read -r old; do`,
    sh`[ "$(readlink -f -- "$old")" != "$used" ] || continue`,
    sh`n=$((n + 1)); [ $n -le ${keep} ] || rm -rf -- "$old"`,
    sh`done; }`,
  );
}

function shell(script: Script, display: string): Extract<Command, { kind: 'shell' }> {
  return { kind: 'shell', script: script.text, display, timeoutMs: 10 * 60_000 };
}
