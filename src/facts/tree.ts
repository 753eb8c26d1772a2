import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { type Frame, found, framesOf, unreadable } from './frames.ts';
import { type FileType, fileType, PROLOGUE, STAT_ARITY, type Stat, statScript, statsOf } from './stat.ts';

/** One thing below the root of a tree. */
export interface TreeEntry {
  /** Relative to the root: "scripts/a.sh". */
  readonly path: string;
  readonly type: FileType;
  /** Four octal digits. */
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  /** Seconds since 1970. */
  readonly modified: number;
  /** Of regular files that could be read. Hexadecimal. */
  readonly sha256?: string;
}

/** Everything below a directory (a link to it is followed, links in it are not), sorted by path. */
export interface Tree {
  readonly entries: readonly TreeEntry[];
}

/** More than this is no tree of ours. Entries. */
const LIMIT = 2_000;

export const tree: FactKind<string, Tree> = {
  name: 'tree',
  scope: 'host',
  timeoutMs: 120_000,

  look(subjects) {
    const format = 'node\\0%H\\0%P\\0%y\\0%m\\0%u\\0%g\\0%T@\\0';
    const script = lines(
      PROLOGUE,
      statScript(subjects, 'follow'),
      sh`for p in ${subjects}; do [ -d "$p" ] || continue`,
      sh`find -H "$p" -mindepth 1 -printf ${format} 2>/dev/null && printf 'whole\\0%s\\0' "$p"`,
      sh`find -H "$p" -type f -exec sha256sum -z -- {} + 2>/dev/null`,
      sh`done`,
      sh`:`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ...STAT_ARITY, node: 7, whole: 1 });
    const stats = statsOf(frames, answer, subjects);
    return subjects.map((subject, index) => treeFrom(subject, stats[index] as Looked<Stat>, frames, answer));
  },

  dependsOn: (subject) => [{ on: 'path', path: subject, below: true }],
};

export function treeFact(subject: string): FactRequest<Tree> {
  return { kind: 'tree', subject };
}

function treeFrom(
  subject: string,
  looked: Looked<Stat>,
  frames: readonly Frame[],
  answer: Answer,
): Looked<Tree> {
  if (looked.state !== 'value') return looked;
  if (looked.value.type !== 'directory')
    return unreadable(`${subject} is a ${looked.value.type}, not a directory`);
  if (!frames.some(({ tag, fields }) => tag === 'whole' && fields[0] === subject))
    return unreadable(`${subject} could not be listed to its end (exit status ${answer.status})`);
  const nodes = frames.filter(({ tag, fields }) => tag === 'node' && fields[0] === subject);
  if (nodes.length > LIMIT) return unreadable(`${subject} holds more than ${LIMIT} files`);
  const sums = new Map(frames.filter((f) => f.tag === 'sum').map((f) => [f.fields[1], f.fields[0]]));
  const entries = nodes.map(({ fields }) => entryFrom(fields, sums));
  return found({ entries: entries.sort((a, b) => (a.path < b.path ? -1 : 1)) });
}

function entryFrom(
  fields: readonly string[],
  sums: ReadonlyMap<string | undefined, string | undefined>,
): TreeEntry {
  const [root, path = '', type = '', mode = '', owner = '', group = '', modified] = fields;
  const sha256 = sums.get(`${root}/${path}`);
  return {
    path,
    type: fileType(type),
    mode: mode.padStart(4, '0'),
    owner,
    group,
    modified: Number(modified),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}
