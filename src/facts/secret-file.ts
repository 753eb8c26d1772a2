import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { Secret } from '../core/secret.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, type Frame, found, framesOf, unanswered, unreadable } from './frames.ts';
import { PROLOGUE, STAT_ARITY, type Stat, statScript, statsOf } from './stat.ts';

/** Longer files are not secrets of ours. Bytes. */
const LIMIT = 65_536;

/** A regular file whose text must not be seen. */
export interface SecretFile {
  /** The whole text, a newline at its end included. */
  readonly text: Secret;
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
}

export const secretFile: FactKind<string, SecretFile> = {
  name: 'secret_file',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      statScript(subjects, 'as they are'),
      sh`for p in ${subjects}; do if [ -f "$p" ] && [ ! -L "$p" ] && [ -r "$p" ]; then`,
      sh`printf 'text\\0%s\\0' "$p"; head -c ${LIMIT + 1} -- "$p" | base64 -w 0; printf '\\0'`,
      sh`fi; done`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ...STAT_ARITY, text: 2 });
    const stats = statsOf(frames, answer, subjects);
    return subjects.map((subject, index) => read(subject, stats[index] as Looked<Stat>, frames, answer));
  },

  dependsOn: (subject) => [
    { on: 'path', path: subject },
    { on: 'cluster', name: subject },
  ],
};

export function secretFileFact(subject: string): FactRequest<SecretFile> {
  return { kind: 'secret_file', subject };
}

function read(
  subject: string,
  looked: Looked<Stat>,
  frames: readonly Frame[],
  answer: Answer,
): Looked<SecretFile> {
  if (looked.state !== 'value') return looked;
  const { type, mode, owner, group } = looked.value;
  if (type !== 'file') return unreadable(`${subject} is a ${type}, not a regular file`);
  const base64 = byFirst(frames, 'text').get(subject)?.[1];
  if (base64 === undefined) return unanswered(answer, `the content of ${subject}`);
  const bytes = Buffer.from(base64, 'base64');
  const text = bytes.toString('utf8');
  if (bytes.length > LIMIT) return unreadable(`${subject} is longer than 64 KiB`);
  if (!Buffer.from(text).equals(bytes)) return unreadable(`${subject} is not UTF-8 text`);
  return found({ text: Secret.open(text), mode, owner, group });
}
