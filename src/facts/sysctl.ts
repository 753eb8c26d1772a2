import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** A setting of the running kernel; one that it does not have is absent. */
export interface SysctlInfo {
  readonly value: string;
  /** False also for root where /proc/sys is mounted to be read only, as in most containers. */
  readonly writable: boolean;
}

export const sysctl: FactKind<string, SysctlInfo> = {
  name: 'sysctl',
  scope: 'host',
  timeoutMs: 30_000,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      PROLOGUE,
      sh`try() { if [ ! -e "$2" ]; then printf 'sysctl\\0%s\\0none\\0\\0' "$1"; elif v=$(cat -- "$2" 2>/dev/null); then w=no; [ ! -w "$2" ] || w=yes; printf 'sysctl\\0%s\\0%s\\0%s\\0' "$1" "$w" "$v"; fi; }`,
      ...subjects.map((key) => sh`try ${key} ${sysctlPath(key)}`),
      sh`:`,
    ).text,
  }),

  parse(answer, subjects) {
    const answers = byFirst(framesOf(answer, { sysctl: 3 }), 'sysctl');
    return subjects.map((subject) => {
      const [, state, value = ''] = answers.get(subject) ?? [];
      if (state === 'none') return ABSENT;
      if (state === undefined)
        return answer.status === 0
          ? unreadable(`${sysctlPath(subject)} cannot be read`)
          : unanswered(answer, subject);
      return found({ value, writable: state === 'yes' });
    });
  },

  dependsOn: (subject) => [{ on: 'path', path: sysctlPath(subject) }],
};

export function sysctlFact(key: string): FactRequest<SysctlInfo> {
  return { kind: 'sysctl', subject: key };
}

/** As sysctl(8) reads names: where the first separator is a slash, dots are part of the names between. */
export function sysctlPath(key: string): string {
  const first = /[./]/.exec(key)?.[0];
  return `/proc/sys/${first === '/' ? key : key.replace(/[./]/g, (mark) => (mark === '.' ? '/' : '.'))}`;
}
