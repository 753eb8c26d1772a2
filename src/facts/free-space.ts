import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unanswered } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** Bytes that are free where a path is (behind any link) or, while it is not there, where the nearest directory above it is. */
export const freeSpace: FactKind<string, number> = {
  name: 'free_space',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      sh`for p in ${subjects}; do d=$(readlink -m -- "$p")`,
      sh`while [ -n "$d" ] && [ ! -e "$d" ]; do d=\${d%/*}; done`,
      sh`free=$(df -P -B 1 -- "\${d:-/}" 2>/dev/null | awk 'NR == 2 { print $4 }')`,
      sh`[ -z "$free" ] || printf 'free\\0%s\\0%s\\0' "$p" "$free"`,
      sh`done`,
      sh`:`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const free = byFirst(framesOf(answer, { free: 2 }), 'free');
    return subjects.map((subject) => {
      const bytes = free.get(subject)?.[1];
      return bytes === undefined ? unanswered(answer, `the room at ${subject}`) : found(Number(bytes));
    });
  },

  dependsOn: (subject) => [{ on: 'path', path: subject }],
};

export function freeSpaceFact(subject: string): FactRequest<number> {
  return { kind: 'free_space', subject };
}
