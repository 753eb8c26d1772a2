import type { Answer, Looked } from '../core/fact.ts';
import { lines, type Script, sh } from '../core/shell.ts';
import { ABSENT, byFirst, type Frame, found, unanswered, unreadable } from './frames.ts';

export type FileType = 'file' | 'directory' | 'link' | 'fifo' | 'socket' | 'block' | 'character' | 'other';

/** What `lstat` says (`stat`, where links are followed). */
export interface Stat {
  readonly type: FileType;
  /** Four octal digits: "0644". */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly uid: number;
  readonly gid: number;
  /** Bytes. */
  readonly size: number;
  /** Where a link points, as written in it. */
  readonly target: string;
}

/**
 * How every script begins: messages that do not depend on the host's language, from a place that is open to
 * everybody (find refuses to work from where an unprivileged user cannot return to, such as /root).
 */
export const PROLOGUE: Script = sh`LC_ALL=C; export LC_ALL; cd /`;

/** Fields after each tag of `statScript`. */
export const STAT_ARITY = { stat: 9, errors: 1 } as const;

const TYPES: { readonly [letter: string]: FileType } = {
  f: 'file',
  d: 'directory',
  l: 'link',
  p: 'fifo',
  s: 'socket',
  b: 'block',
  c: 'character',
};

/**
 * One `find` for all paths: a frame for each that exists, then its complaints about the others, one line
 * each and in the order of the paths. Paths are absolute, so none can be taken for an option.
 */
export function statScript(paths: readonly string[], links: 'follow' | 'as they are'): Script {
  const option = links === 'follow' ? '-H' : '-P';
  return lines(
    sh`{ errors=$(find ${option} ${paths} -maxdepth 0 -printf 'stat\\0%p\\0%y\\0%m\\0%u\\0%g\\0%U\\0%G\\0%s\\0%l\\0' 2>&1 >&3); } 3>&1`,
    sh`printf 'errors\\0%s\\0' "$errors"`,
  );
}

/** One answer per path, in order: told apart are what is there, what is not, and what could not be seen. */
export function statsOf(
  frames: readonly Frame[],
  answer: Answer,
  paths: readonly string[],
): readonly Looked<Stat>[] {
  const present = byFirst(frames, 'stat');
  const complaints = frames.find((f) => f.tag === 'errors')?.fields[0]?.split('\n') ?? [];
  const missing = paths.filter((path) => !present.has(path));
  const isSure = complaints.filter((line) => line !== '').length === missing.length;
  const reasons = isSure ? complaints : [];
  let next = 0;
  return paths.map((path) => {
    const fields = present.get(path);
    if (fields) return found(statOf(fields));
    const complaint = reasons[next++];
    return complaint === undefined ? unanswered(answer, path) : unseen(complaint);
  });
}

/** What find's %y says. */
export function fileType(letter: string): FileType {
  return TYPES[letter] ?? 'other';
}

function statOf(fields: readonly string[]): Stat {
  const [, type = '', mode = '', owner = '', group = '', uid, gid, size, target = ''] = fields;
  return {
    type: fileType(type),
    mode: mode.padStart(4, '0'),
    owner,
    group,
    uid: Number(uid),
    gid: Number(gid),
    size: Number(size),
    target,
  };
}

function unseen(complaint: string): Looked<never> {
  if (/: (No such file or directory|Not a directory)$/.test(complaint)) return ABSENT;
  return unreadable(complaint.replace(/^find: /, ''));
}
