import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** More than this is not shown. Bytes. */
const LIMIT = 65_536;

/** The text of a regular file (links followed), to show what changes in it. */
export interface Content {
  /** Absent when it is longer than 64 KiB or not UTF-8. */
  readonly text?: string;
}

export const content: FactKind<string, Content> = {
  name: 'content',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      sh`for p in ${subjects}; do`,
      sh`d=\${p%/*}`,
      sh`if [ -f "$p" ] && [ -r "$p" ]; then printf 'text\\0%s\\0' "$p"; head -c ${LIMIT + 1} -- "$p" | base64 -w 0; printf '\\0'`,
      sh`elif [ ! -e "$p" ] && [ -x "\${d:-/}" ]; then printf 'absent\\0%s\\0' "$p"; fi`,
      sh`done`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { text: 2, absent: 1 });
    const texts = byFirst(frames, 'text');
    const gone = byFirst(frames, 'absent');
    return subjects.map((subject) => {
      const base64 = texts.get(subject)?.[1];
      if (base64 !== undefined) return found(contentOf(Buffer.from(base64, 'base64')));
      if (gone.has(subject)) return ABSENT;
      return answer.status === 0
        ? unreadable(`${subject} is not a regular file that can be read`)
        : unanswered(answer, subject);
    });
  },

  dependsOn: (subject) => [{ on: 'path', path: subject }],
};

export function contentFact(subject: string): FactRequest<Content> {
  return { kind: 'content', subject };
}

function contentOf(bytes: Buffer): Content {
  if (bytes.length > LIMIT) return {};
  const text = bytes.toString('utf8');
  return Buffer.from(text).equals(bytes) && !text.includes('\0') ? { text } : {};
}
