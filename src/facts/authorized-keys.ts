import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { PROLOGUE } from './stat.ts';

/** Who may log in as an account by key; an account that does not exist is absent. */
export interface AuthorizedKeys {
  readonly path: string;
  /** Of the whole file; empty where there is none. */
  readonly text: string;
}

/** Longer files are not edited. Bytes. */
const LIMIT = 1 << 20;

export const authorizedKeys: FactKind<string, AuthorizedKeys> = {
  name: 'authorized_keys',
  scope: 'host',
  timeoutMs: 30_000,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      PROLOGUE,
      sh`say() { printf 'keys\\0%s\\0%s\\0%s\\0%s\\0' "$1" "$2" "$3" "$4"; }`,
      sh`for u in ${subjects}; do`,
      sh`if ! e=$(getent passwd "$u"); then say "$u" nobody '' ''; continue; fi`,
      sh`p=$(printf '%s' "$e" | cut -d : -f 6)/.ssh/authorized_keys; d=\${p%/*}`,
      sh`if [ -L "$p" ] || [ -L "$d" ]; then say "$u" link "$p" ''`,
      sh`elif [ -f "$p" ] && [ -r "$p" ]; then say "$u" file "$p" "$(head -c ${LIMIT + 1} -- "$p" | base64 -w 0)"`,
      sh`elif [ -e "$p" ] || { [ -d "$d" ] && [ ! -x "$d" ]; }; then say "$u" unreadable "$p" ''`,
      sh`else say "$u" none "$p" ''; fi`,
      sh`done`,
    ).text,
  }),

  parse(answer, subjects) {
    const answers = byFirst(framesOf(answer, { keys: 4 }), 'keys');
    return subjects.map((subject) => {
      const [, state, path = '', base64 = ''] = answers.get(subject) ?? [];
      if (state === undefined) return unanswered(answer, `the keys of ${subject}`);
      if (state === 'nobody') return ABSENT;
      if (state === 'link') return unreadable(`${path} is a symbolic link, or in one: it is not followed`);
      if (state === 'unreadable') return unreadable(`${path} cannot be read`);
      const bytes = Buffer.from(base64, 'base64');
      return bytes.length > LIMIT
        ? unreadable(`${path} is longer than 1 MiB`)
        : found({ path, text: bytes.toString() });
    });
  },

  dependsOn: (subject) => [
    { on: 'account', name: subject },
    { on: 'outside', name: `keys of ${subject}` },
  ],
};

export function authorizedKeysFact(user: string): FactRequest<AuthorizedKeys> {
  return { kind: 'authorized_keys', subject: user };
}
