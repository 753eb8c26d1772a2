import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines } from '../core/shell.ts';
import { framesOf } from './frames.ts';
import { type FileType, PROLOGUE, STAT_ARITY, statScript, statsOf } from './stat.ts';

/**
 * What kind of thing is at a path, links followed: all that one needs to know of a parent directory. It is a
 * fact of its own because it can be predicted where owner and mode cannot.
 */
export interface Place {
  /** `link` means one that leads nowhere. */
  readonly type: FileType;
}

export const place: FactKind<string, Place> = {
  name: 'place',
  scope: 'host',
  timeoutMs: 30_000,
  look: (subjects) => ({ kind: 'shell', script: lines(PROLOGUE, statScript(subjects, 'follow')).text }),
  parse: (answer, subjects) =>
    statsOf(framesOf(answer, STAT_ARITY), answer, subjects).map((looked) =>
      looked.state === 'value' ? { state: 'value', value: { type: looked.value.type } } : looked,
    ),
  dependsOn: (subject) => [{ on: 'path', path: subject }],
};

export function placeFact(subject: string): FactRequest<Place> {
  return { kind: 'place', subject };
}
