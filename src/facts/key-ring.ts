import type { FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered } from './frames.ts';
import { idOfKey } from './key-id.ts';
import { PROLOGUE } from './stat.ts';

/**
 * The ids of the keys in a directory that only read what was made before a rotation (docs/backup-format.md): those of
 * the files that are the key of their name. Absent where the directory is not there.
 */
export const keyRing: FactKind<string, readonly string[]> = {
  name: 'key_ring',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      sh`for d in ${subjects}; do`,
      sh`if [ -d "$d" ] && [ -r "$d" ] && [ -x "$d" ]; then printf 'ring\\0%s\\0' "$d"`,
      sh`for p in "$d"/????????????????; do [ -f "$p" ] && [ -r "$p" ] || continue`,
      idOfKey,
      sh`printf 'key\\0%s\\0%s\\0%s\\0' "$d" "\${p##*/}" "$i"`,
      sh`done; printf 'end\\0%s\\0' "$d"`,
      sh`elif [ ! -e "$d" ] && [ -x "\${d%/*}/" ]; then printf 'absent\\0%s\\0' "$d"`,
      sh`fi; done`,
      sh`:`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ring: 1, key: 3, end: 1, absent: 1 });
    const [ended, gone] = [byFirst(frames, 'end'), byFirst(frames, 'absent')];
    return subjects.map((subject): Looked<readonly string[]> => {
      if (gone.has(subject)) return ABSENT;
      if (!ended.has(subject)) return unanswered(answer, `the keys in ${subject}`);
      const keys = frames.filter(({ tag, fields }) => tag === 'key' && fields[0] === subject);
      return found(
        keys.flatMap(({ fields: [, name = '', id = ''] }) => (id.toLowerCase() === name ? [name] : [])),
      );
    });
  },

  dependsOn: (subject) => [{ on: 'path', path: subject, below: true }],
};

export function keyRingFact(subject: string): FactRequest<readonly string[]> {
  return { kind: 'key_ring', subject };
}
