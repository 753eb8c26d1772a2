import type { FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** Sets `i` to the id of the key in the file `$p`, in capitals; empty where openssl gives none. */
export const idOfKey = sh`i=$(openssl enc -aes-256-cbc -pbkdf2 -iter 10000 -md sha256 -S 66616e61686d6163 -pass "file:$p" -P </dev/null | sed -n 's/^iv *=\\([0-9A-F]\\{16\\}\\).*/\\1/p')`;

/** The id of a backup key, worked out where it is: the key itself stays there. See docs/backup-format.md. */
export const keyIdKind: FactKind<string, string> = {
  name: 'key_id',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      sh`for p in ${subjects}; do`,
      sh`if [ -f "$p" ] && [ -r "$p" ]; then`,
      idOfKey,
      sh`[ -z "$i" ] || printf 'key\\0%s\\0%s\\0' "$p" "$i"`,
      // Absent only where the nearest thing above it that is there can be searched.
      sh`elif [ ! -e "$p" ]; then d=\${p%/*}`,
      sh`while [ -n "$d" ] && [ ! -e "$d" ]; do d=\${d%/*}; done`,
      sh`[ ! -d "\${d:-/}" ] || [ ! -x "\${d:-/}" ] || printf 'absent\\0%s\\0' "$p"`,
      sh`fi`,
      sh`done`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { key: 2, absent: 1 });
    const keys = byFirst(frames, 'key');
    const gone = byFirst(frames, 'absent');
    return subjects.map((subject): Looked<string> => {
      const id = keys.get(subject)?.[1];
      if (id !== undefined) return found(id.toLowerCase());
      return gone.has(subject) ? ABSENT : unanswered(answer, `the key ${subject}`);
    });
  },

  dependsOn: (subject) => [
    { on: 'path', path: subject },
    { on: 'cluster', name: subject },
  ],
};

export function keyIdFact(subject: string): FactRequest<string> {
  return { kind: 'key_id', subject };
}
