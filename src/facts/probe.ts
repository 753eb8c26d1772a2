import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';

export interface ProbeInfo {
  /** Its exit status is 0; null where it was not asked. */
  readonly holds: boolean | null;
}

/** Seconds. */
const PATIENCE = 30;

/** Whether a command of the author succeeds: `unless` and `only_if`. Whatever changes may change the answer. */
export const probe: FactKind<string, ProbeInfo> = {
  name: 'probe',
  scope: 'host',
  timeoutMs: 300_000,
  mayHang: true,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      sh`try() { said=$(timeout ${PATIENCE} sh -c "$2" 2>&1 >/dev/null </dev/null); printf 'probe\\0%d\\0%d\\0%.300s\\0' "$1" $? "$said"; }`,
      ...subjects.map((script, index) => sh`try ${index} ${script}`),
    ).text,
  }),

  parse(answer, subjects) {
    const answers = byFirst(framesOf(answer, { probe: 3 }), 'probe');
    return subjects.map((_, index) => {
      const [, status, said = ''] = answers.get(String(index)) ?? [];
      if (status === undefined) return unanswered(answer, 'a probe');
      const problem = problemOf(Number(status));
      const reason = said.trim().split('\n')[0];
      if (problem) return unreadable(`${problem}${reason ? ` (${reason})` : ''}`);
      return found({ holds: status === '0' });
    });
  },

  dependsOn: () => [{ on: 'anything' }],
};

/** Where nobody may run what the author wrote: nothing is run, and nothing is known. */
export const unaskedProbe: typeof probe = {
  ...probe,
  look: () => ({ kind: 'shell', script: ':' }),
  parse: (_answer, subjects) => subjects.map(() => found({ holds: null })),
};

/** @param script of the author, who promises that it only reads; for sh */
export function probeFact(script: string): FactRequest<ProbeInfo> {
  return { kind: 'probe', subject: script };
}

/** Why a status is no answer: what could not be run has not said no. */
function problemOf(status: number): string | undefined {
  if (status === 124) return `it did not end within ${PATIENCE} s`;
  if (status === 126 || status === 127) return 'it could not be run';
  return status > 128 ? `it was ended by signal ${status - 128}` : undefined;
}
