import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, Script, sh } from '../core/shell.ts';
import type { Touch } from '../core/touch.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** What everything below a directory should be like; what is empty does not matter. */
export type UnlikeSubject = {
  readonly path: string;
  readonly owner: string;
  readonly group: string;
  /** Of directories. */
  readonly mode: string;
  /** Of regular files. */
  readonly fileMode: string;
};

/** How much below a directory differs. */
export interface Unlike {
  readonly count: number;
  /** The first ones, below the directory, by name. */
  readonly names: readonly string[];
}

const SHOWN = 3;

export const unlike: FactKind<UnlikeSubject, Unlike> = {
  name: 'unlike',
  scope: 'host',
  timeoutMs: 600_000,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      PROLOGUE,
      ...subjects.flatMap((subject, index) => [
        sh`if [ -d ${subject.path} ]; then`,
        // An account that is not there yet owns nothing.
        sh`o=$(id -u -- ${subject.owner} 2>/dev/null) || o=4294967294; g=$(getent group ${subject.group || '-'} | cut -d : -f 3); g=\${g:-4294967294}`,
        sh`n=$(${differing(subject)} -printf x 2>/dev/null && printf .) || n=`,
        sh`f=$(${differing(subject)} -printf '%P\\0' 2>/dev/null | sort -z | head -z -n ${SHOWN} | base64 -w 0)`,
        sh`printf 'unlike\\0%d\\0%d\\0%s\\0' ${index} "\${#n}" "$f"`,
        sh`elif [ -e ${subject.path} ]; then :; else printf 'absent\\0%d\\0' ${index}; fi`,
      ]),
      sh`:`,
    ).text,
  }),

  parse(answer, subjects) {
    const frames = framesOf(answer, { unlike: 3, absent: 1 });
    const answers = byFirst(frames, 'unlike');
    const absent = byFirst(frames, 'absent');
    return subjects.map(({ path }, index) => {
      const [, length, base64 = ''] = answers.get(String(index)) ?? [];
      if (absent.has(String(index))) return ABSENT;
      if (length === undefined)
        return answer.status === 0 ? unreadable(`${path} is not a directory`) : unanswered(answer, path);
      if (length === '0') return unreadable(`what is below ${path} could not be looked at to its end`);
      const names = Buffer.from(base64, 'base64').toString().split('\0').slice(0, -1);
      return found({ count: Number(length) - 1, names });
    });
  },

  dependsOn: ({ path, owner, group }): Touch[] => [
    { on: 'path', path, below: true },
    ...[owner, group].filter((name) => name !== '').map((name): Touch => ({ on: 'account', name })),
  ],
};

export function unlikeFact(subject: UnlikeSubject): FactRequest<Unlike> {
  return { kind: 'unlike', subject };
}

/** Links are never followed; they have owners, but no permissions. `$o` and `$g` are the numbers of the accounts. */
function differing({ path, owner, group, mode, fileMode }: UnlikeSubject): Script {
  const tests = [
    ...(owner === '' ? [] : [sh`! -uid "$o"`]),
    ...(group === '' ? [] : [sh`! -gid "$g"`]),
    ...(mode === '' ? [] : [sh`-type d ! -perm ${mode}`]),
    ...(fileMode === '' ? [] : [sh`-type f ! -perm ${fileMode}`]),
  ];
  const any = tests.length === 0 ? sh`-false` : new Script(tests.map(({ text }) => text).join(' -o '));
  return sh`find -H ${path} -mindepth 1 \\( ${any} \\)`;
}
