import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

export interface UserInfo {
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
  readonly shell: string;
  /** Name of the primary group; its number where it has no name. */
  readonly group: string;
  /** All groups, the primary one included. */
  readonly groups: readonly string[];
}

/** getent: 0 all found, 2 some not; else the database could not be asked. */
export const GETENT_ANSWERED: readonly string[] = ['0', '2'];

export const user: FactKind<string, UserInfo> = {
  name: 'user',
  scope: 'host',
  timeoutMs: 30_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      sh`for u in ${subjects}; do`,
      sh`line=$(getent passwd "$u"); printf 'user\\0%s\\0%d\\0%s\\0' "$u" $? "$line"`,
      sh`[ -z "$line" ] || { printf 'groups\\0%s\\0' "$u"; id -gn -- "$u"; id -Gn -- "$u"; printf '\\0'; }`,
      sh`done`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { user: 3, groups: 2 });
    const users = byFirst(frames, 'user');
    const groups = byFirst(frames, 'groups');
    return subjects.map((subject) => {
      const [, status = '', line = ''] = users.get(subject) ?? [];
      if (!GETENT_ANSWERED.includes(status)) return unreadable(`getent passwd ${subject} gave no answer`);
      const [name, , uid, gid, , home = '', shell = ''] = line.split(':');
      if (name !== subject) return ABSENT;
      const [primary, all] = (groups.get(subject)?.[1] ?? '').split('\n');
      if (!primary || !all) return unreadable(`the groups of ${subject} could not be read`);
      return found({
        uid: Number(uid),
        gid: Number(gid),
        home,
        shell,
        group: primary,
        groups: all.split(' '),
      });
    });
  },

  dependsOn: (subject) => [{ on: 'account', name: subject }],
};

export function userFact(name: string): FactRequest<UserInfo> {
  return { kind: 'user', subject: name };
}
