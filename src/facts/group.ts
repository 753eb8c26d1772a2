import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, found, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';
import { GETENT_ANSWERED } from './user.ts';

export interface GroupInfo {
  readonly gid: number;
  /** Without those whose primary group it is. */
  readonly members: readonly string[];
}

export const group: FactKind<string, GroupInfo> = {
  name: 'group',
  scope: 'host',
  timeoutMs: 30_000,
  look: (subjects) => ({
    kind: 'shell',
    script: lines(PROLOGUE, sh`getent group ${subjects}`, sh`printf 'end %d\\n' $?`).text,
  }),

  parse(answer, subjects) {
    const rows = answer.stdout.toString('utf8').split('\n');
    const status = /^end (\d+)$/.exec(rows.at(-2) ?? '')?.[1] ?? '';
    return subjects.map((subject) => {
      if (!GETENT_ANSWERED.includes(status)) return unreadable(`getent group ${subject} gave no answer`);
      const [, , gid, members = ''] =
        rows.map((row) => row.split(':')).find(([name]) => name === subject) ?? [];
      if (gid === undefined) return ABSENT;
      return found({ gid: Number(gid), members: members.split(',').filter((m) => m !== '') });
    });
  },

  dependsOn: (subject) => [{ on: 'account', name: subject }],
};

export function groupFact(name: string): FactRequest<GroupInfo> {
  return { kind: 'group', subject: name };
}
