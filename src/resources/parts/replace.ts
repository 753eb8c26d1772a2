import { posix } from 'node:path';
import { lines, type Script, sh } from '../../core/shell.ts';
import { type Attributes, setAttributes } from './attributes.ts';
import type { Body } from './body.ts';
import { splitWords } from './words.ts';

export interface Replacement {
  /** The real path, links followed. */
  readonly at: string;
  readonly body: Body;
  readonly attributes: Attributes;
  /** A command with %s for the new file; the old one stays unless it succeeds. */
  readonly validate?: string;
  /** Run when the new file is in its place; the old one comes back unless it succeeds. */
  readonly check?: Script;
}

/**
 * Makes a private directory beside `path` and removes it whatever happens; `$d` in the script. Its name begins
 * with a dot and ends with a tilde: cron, sudo, systemd, logrotate and run-parts all ignore it.
 */
export function privateDirectory(path: string): Script {
  const template = posix.join(posix.dirname(path), '.fanops-XXXXXXXXXX~');
  return lines(
    sh`set -eu`,
    sh`umask 077`,
    sh`d=$(mktemp -d -- ${template})`,
    sh`trap 'rm -rf -- "$d"' EXIT`,
    sh`trap 'exit 143' HUP INT TERM`,
  );
}

/**
 * Replaces a file whole, with its content from stdin: written in a private directory under its own name, given
 * the old one's attributes (ACLs and extended attributes with them) and then those declared, validated, synced,
 * renamed. Whoever reads the path sees the old file or the new one, never a part.
 */
export function replaceFile({ at, body, attributes, validate, check }: Replacement): Script {
  return lines(
    privateDirectory(at),
    sh`t="$d"/${posix.basename(at)}`,
    sh`cat >"$t"`,
    checkArrived(body),
    sh`if [ -f ${at} ] && [ ! -L ${at} ]; then cp --attributes-only --preserve=all --no-preserve=timestamps -- ${at} "$t"; fi`,
    setAttributes(sh`"$t"`, attributes),
    validate === undefined ? undefined : validation(validate),
    sh`sync -- "$t"`,
    check === undefined ? undefined : sh`[ ! -f ${at} ] || cp -a -- ${at} "$d"/old~`,
    sh`mv -fT -- "$t" ${at}`,
    check === undefined ? undefined : checked(at, check),
    sh`sync -- ${posix.dirname(at)}`,
  );
}

function checked(at: string, check: Script): Script {
  return lines(
    sh`check() {`,
    check,
    sh`}`,
    sh`if ! check; then`,
    sh`if [ -f "$d"/old~ ]; then mv -fT -- "$d"/old~ ${at}; echo 'the old file is back' >&2; else rm -f -- ${at}; fi`,
    sh`exit 1`,
    sh`fi`,
  );
}

/** A connection lost half-way must not leave half a file, which is `$t`. */
export function checkArrived({ stdin, size, sha256 }: Body): Script | undefined {
  if (stdin.kind === 'file')
    return sh`[ "$(sha256sum <"$t")" = ${`${sha256}  -`} ] || { echo 'the content did not arrive whole, or the source changed' >&2; exit 1; }`;
  if (size === undefined) return undefined;
  return sh`[ "$(stat -c %s -- "$t")" = ${size} ] || { echo ${`expected ${size} bytes, fewer arrived`} >&2; exit 1; }`;
}

/** Why a command that validates cannot be run; undefined where it can. */
export function validateProblem(command: string | undefined): string | undefined {
  try {
    if (command !== undefined) splitWords(command);
    return undefined;
  } catch (error) {
    return `cannot split \`validate\` into words: ${(error as Error).message}`;
  }
}

function validation(command: string): Script {
  const words = splitWords(command).map((word) =>
    word.includes('%s')
      ? word
          .split('%s')
          .map((part) => sh`${part}`)
          .reduce((left, right) => sh`${left}"$t"${right}`)
      : sh`${word}`,
  );
  const line = words.reduce((left, right) => sh`${left} ${right}`);
  return sh`${line} </dev/null || { echo 'the new file is not valid; the old one stays' >&2; exit 1; }`;
}
