import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unreadable } from './frames.ts';
import { PROLOGUE, STAT_ARITY, statScript, statsOf } from './stat.ts';

/** What a directory (links followed) holds. */
export interface DirectoryEntries {
  readonly empty: boolean;
  /** The first of its names, as found, to show what is in the way. */
  readonly first: string;
}

export const directoryEntries: FactKind<string, DirectoryEntries> = {
  name: 'directory_entries',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      statScript(subjects, 'follow'),
      sh`for p in ${subjects}; do`,
      sh`first=$(find -H "$p" -mindepth 1 -maxdepth 1 -printf '%f' -quit 2>/dev/null) && printf 'entries\\0%s\\0%s\\0' "$p" "$first"`,
      sh`done`,
      sh`:`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ...STAT_ARITY, entries: 2 });
    const entries = byFirst(frames, 'entries');
    const stats = statsOf(frames, answer, subjects);
    return stats.map((looked, index) => {
      const subject = subjects[index] as string;
      if (looked.state !== 'value') return looked;
      if (looked.value.type !== 'directory')
        return unreadable(`${subject} is a ${looked.value.type}, not a directory`);
      const first = entries.get(subject)?.[1];
      return first === undefined
        ? unreadable(`${subject} could not be listed`)
        : found({ empty: first === '', first });
    });
  },

  // Whatever is made or removed below it counts, and a touch has no word for "below".
  dependsOn: () => [{ on: 'anything' }],
};

export function directoryEntriesFact(subject: string): FactRequest<DirectoryEntries> {
  return { kind: 'directory_entries', subject };
}
