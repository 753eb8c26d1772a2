import type { FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, type Frame, found, framesOf, unanswered } from './frames.ts';
import { type FileType, PROLOGUE, STAT_ARITY, type Stat, statScript, statsOf } from './stat.ts';

export type PathSubject = {
  /** Absolute, without a slash at its end. */
  readonly path: string;
  /** Describe what a symbolic link leads to; its own text stays in `target`. */
  readonly follow: boolean;
  /** Read the content for its checksum, where it is a regular file. */
  readonly sum: boolean;
};

export interface PathInfo {
  /** With `follow`, `link` means one that leads nowhere. */
  readonly type: FileType;
  /** Four octal digits: "0644". Always "0777" for a link. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  /** Numbers and size are absent where the value is a prediction that cannot know them. */
  readonly uid?: number;
  readonly gid?: number;
  /** Bytes; of regular files only. */
  readonly size?: number;
  /** What the symbolic link at this path says. */
  readonly target?: string;
  /** With `follow`, of a link: the real path at its end. */
  readonly at?: string;
  /** Of a regular file that could be read, if asked for. Hexadecimal. */
  readonly sha256?: string;
  /** Something is mounted just here: it cannot be replaced by a rename. */
  readonly mounted: boolean;
}

const ARITY = { ...STAT_ARITY, real: 2, mounts: 1 };

export const path: FactKind<PathSubject, PathInfo> = {
  name: 'path',
  scope: 'host',
  timeoutMs: 120_000,

  look(subjects) {
    const paths = unique(subjects.map((s) => s.path));
    const followed = unique(subjects.filter((s) => s.follow).map((s) => s.path));
    const summed = unique(subjects.filter((s) => s.sum && s.follow).map((s) => s.path));
    const summedAsIs = unique(subjects.filter((s) => s.sum && !s.follow).map((s) => s.path));
    const script = lines(
      PROLOGUE,
      statScript(paths, 'as they are'),
      sh`set --`,
      followed.length ? sh`for p in ${followed}; do [ ! -L "$p" ] || set -- "$@" "$p"; done` : undefined,
      sh`for p do printf 'real\\0%s\\0' "$p"; realpath -z -m -- "$p" 2>/dev/null || printf '\\0'; done`,
      sh`[ $# -eq 0 ] || find -H "$@" -maxdepth 0 -printf 'target\\0%p\\0%y\\0%m\\0%u\\0%g\\0%U\\0%G\\0%s\\0%l\\0' 2>/dev/null`,
      sh`set --`,
      // Only regular files: reading a pipe or a device would hang or change something.
      summed.length ? sh`for p in ${summed}; do [ ! -f "$p" ] || set -- "$@" "$p"; done` : undefined,
      summedAsIs.length
        ? sh`for p in ${summedAsIs}; do { [ -L "$p" ] || [ ! -f "$p" ]; } || set -- "$@" "$p"; done`
        : undefined,
      sh`[ $# -eq 0 ] || sha256sum -z -- "$@" 2>/dev/null`,
      sh`printf 'mounts\\0'; cat /proc/self/mountinfo 2>/dev/null; printf '\\0'`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ...ARITY, target: STAT_ARITY.stat });
    // The last frame: without it the answer is cut short, and what seems to be missing may only be cut off.
    if (!frames.some((f) => f.tag === 'mounts')) return subjects.map((s) => unanswered(answer, s.path));
    const paths = unique(subjects.map((s) => s.path));
    const own = new Map(
      statsOf(frames, answer, paths).map((looked, index) => [paths[index] as string, looked]),
    );
    const targets = targetsOf(frames);
    const real = byFirst(frames, 'real');
    const sums = new Map(frames.filter((f) => f.tag === 'sum').map((f) => [f.fields[1], f.fields[0]]));
    const mounts = mountPoints(frames);
    return subjects.map((subject): Looked<PathInfo> => {
      const looked = own.get(subject.path) as Looked<Stat>;
      if (looked.state !== 'value') return looked;
      const isFollowed = subject.follow && looked.value.type === 'link';
      const stat = isFollowed ? (targets.get(subject.path) ?? looked.value) : looked.value;
      const at = isFollowed ? real.get(subject.path)?.[1] : undefined;
      const sha256 = subject.sum && stat.type === 'file' ? sums.get(subject.path) : undefined;
      return found({
        type: stat.type,
        mode: stat.mode,
        owner: stat.owner,
        group: stat.group,
        uid: stat.uid,
        gid: stat.gid,
        ...(stat.type === 'file' ? { size: stat.size } : {}),
        ...(looked.value.type === 'link' ? { target: looked.value.target } : {}),
        ...(at ? { at } : {}),
        ...(sha256 ? { sha256 } : {}),
        mounted: mounts.has(at || subject.path),
      });
    });
  },

  dependsOn: (subject) => [{ on: 'path', path: subject.path }],
};

export function pathFact(
  subjectPath: string,
  { follow = false, sum = false }: { follow?: boolean; sum?: boolean } = {},
): FactRequest<PathInfo> {
  return { kind: 'path', subject: { path: subjectPath, follow, sum } };
}

function targetsOf(frames: readonly Frame[]): Map<string, Stat> {
  const renamed = frames.filter((f) => f.tag === 'target').map((f) => ({ ...f, tag: 'stat' }));
  const paths = renamed.map((f) => f.fields[0] as string);
  const none = { status: 0, stdout: Buffer.alloc(0), stderr: '' };
  return new Map(
    statsOf(renamed, none, paths).flatMap((looked, index) =>
      looked.state === 'value' ? [[paths[index] as string, looked.value]] : [],
    ),
  );
}

/** The fifth field of /proc/self/mountinfo; spaces and the like are written in octal there. */
function mountPoints(frames: readonly Frame[]): Set<string> {
  const text = frames.find((f) => f.tag === 'mounts')?.fields[0] ?? '';
  return new Set(text.split('\n').map((line) => unescapeOctal(line.split(' ')[4] ?? '')));
}

function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
