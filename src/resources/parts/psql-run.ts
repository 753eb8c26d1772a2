import type { Command } from '../../core/command.ts';
import { Secret } from '../../core/secret.ts';
import { lines, sh } from '../../core/shell.ts';
import { connection } from '../../facts/postgres-answer.ts';
import { psqlStatement } from '../../facts/psql-script.ts';
import { milliseconds } from './duration.ts';
import { bindParameters, type SqlValue } from './sql-parameters.ts';
import { UNLOGGED } from './unlogged.ts';

/** What psql is to run, and how. */
export interface Statements {
  readonly statements: readonly string[];
  readonly parameters: { readonly [name: string]: SqlValue };
  readonly db?: string;
  readonly user?: string;
  readonly port?: number;
  readonly read_only?: boolean;
  readonly autocommit?: boolean;
  readonly timeout?: string | number;
}

/** How psql shows null, which CSV cannot tell from an empty text. */
export const NULL = '\u2400';

export function psqlRun(args: Statements): Command {
  const { db = 'postgres', user = 'postgres', port = 5432, read_only, timeout = '5m' } = args;
  const options = [
    'standard_conforming_strings=on',
    ...(read_only ? ['default_transaction_read_only=on'] : []),
  ];
  const psql = ['psql', '-X', '-q', '-w', '--csv', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=terse'];
  const words = [
    ...psql,
    '-P',
    `null=${NULL}`,
    '-d',
    connection(db),
    '-p',
    String(port),
    '-U',
    user,
    '-f',
    '-',
  ];
  return {
    kind: 'shell',
    as: 'postgres',
    script: lines(
      sh`cd /`,
      sh`PGOPTIONS=${options.map((option) => `-c ${option}`).join(' ')} PGCLIENTENCODING=UTF8; export PGOPTIONS PGCLIENTENCODING`,
      sh`exec ${words}`,
    ).text,
    stdin: { kind: 'text', text: input(args) },
    display: `psql: ${args.statements.join('; ')}`,
    timeoutMs: milliseconds(timeout),
  };
}

/** Printed is only what the last statement gives: its rows, and what it calls itself where it did more than that. */
function input(args: Statements): string | Secret {
  const bound = args.statements.map((sql) => {
    const one = bindParameters(sql, args.parameters);
    if ('problem' in one) throw new Error(one.problem);
    return one.sql;
  });
  const isSecret = bound.some((sql) => sql instanceof Secret);
  const begin = args.autocommit ? [] : [args.read_only ? 'BEGIN READ ONLY;' : 'BEGIN;'];
  const text = (open: boolean): string => {
    const statements = bound.map((sql) =>
      psqlStatement(sql instanceof Secret ? (open ? sql.expose() : sql.masked) : sql),
    );
    return [
      ...(isSecret ? UNLOGGED : []),
      ...begin,
      ...statements.slice(0, -1).flatMap((sql) => ['\\o /dev/null', sql, '\\o']),
      '\\set QUIET off',
      statements.at(-1),
      '\\set QUIET on',
      ...(args.autocommit ? [] : ['COMMIT;']),
      '',
    ].join('\n');
  };
  return isSecret ? Secret.open(text(true), text(false)) : text(true);
}
