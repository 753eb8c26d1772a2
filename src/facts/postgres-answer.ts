import type { FactKind, FactRequest } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { psqlStatement } from './psql-script.ts';
import { PROLOGUE } from './stat.ts';

export type QuestionSubject = {
  readonly db: string;
  readonly port: number;
  readonly user: string;
  /** One statement of the author, without secrets. */
  readonly sql: string;
};

export interface PostgresAnswer {
  /** The first value is true; null where it was not asked. */
  readonly holds: boolean | null;
}

/** A question of the author to PostgreSQL, in a transaction that cannot write. */
export const postgresAnswer: FactKind<QuestionSubject, PostgresAnswer> = {
  name: 'postgres_answer',
  scope: 'host',
  timeoutMs: 60_000,
  mayHang: true,

  look: (subjects) => ({
    kind: 'shell',
    script: lines(
      PROLOGUE,
      sh`become=; [ "$(whoami)" != root ] || become='runuser -u postgres --'`,
      sh`PGOPTIONS='-c default_transaction_read_only=on -c statement_timeout=8s -c standard_conforming_strings=on -c client_min_messages=error'`,
      sh`PGCONNECT_TIMEOUT=5 PGCLIENTENCODING=UTF8; export PGOPTIONS PGCONNECT_TIMEOUT PGCLIENTENCODING`,
      sh`ask() { said=$(printf '%s' "$5" | timeout 12 $become psql -X -A -t -q -w -v ON_ERROR_STOP=1 -v VERBOSITY=terse -d "$2" -p "$3" -U "$4" -f - 2>&1); printf 'answer\\0%d\\0%d\\0%.300s\\0' "$1" $? "$said"; }`,
      ...subjects.map(
        ({ db, port, user, sql }, index) =>
          sh`ask ${index} ${connection(db)} ${port} ${user} ${psqlStatement(sql)}`,
      ),
    ).text,
  }),

  parse(answer, subjects) {
    const answers = byFirst(framesOf(answer, { answer: 3 }), 'answer');
    return subjects.map((_, index) => {
      const [, status, said = ''] = answers.get(String(index)) ?? [];
      if (status === undefined) return unanswered(answer, 'PostgreSQL');
      if (status === '124') return unreadable('PostgreSQL did not answer within 12 s');
      if (status !== '0') return unreadable(said.trim().split('\n')[0] || `psql ended with status ${status}`);
      const first = said.split('\n')[0] ?? '';
      if (['t', 'f', ''].includes(first)) return found({ holds: first === 't' });
      return unreadable(`expected a boolean, found "${first}"`);
    });
  },

  dependsOn: () => [{ on: 'anything' }],
};

/** Where nobody may run what the author wrote. */
export const unaskedAnswer: typeof postgresAnswer = {
  ...postgresAnswer,
  look: () => ({ kind: 'shell', script: ':' }),
  parse: (_answer, subjects) => subjects.map(() => found({ holds: null })),
};

export function postgresAnswerFact(subject: QuestionSubject): FactRequest<PostgresAnswer> {
  return { kind: 'postgres_answer', subject };
}

/** A name of a database that looks like a connection string would be read as one. */
export function connection(db: string): string {
  return `dbname='${db.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
