import { blocked, type Change, NONE } from '../core/change.ts';
import type { CommandResult } from '../core/command.ts';
import type { FactRequest, FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { Secret } from '../core/secret.ts';
import { type PostgresAnswer, postgresAnswerFact } from '../facts/postgres-answer.ts';
import { printed, type Row } from './parts/psql-output.ts';
import { NULL, psqlRun } from './parts/psql-run.ts';
import { duration, flag, object, portNumber } from './parts/schema.ts';
import { bindParameters, type SqlValue } from './parts/sql-parameters.ts';

export type PostgresqlQueryArgs = {
  readonly query: string | readonly string[];
  readonly parameters?: { readonly [name: string]: SqlValue };
  readonly db?: string;
  readonly user?: string;
  readonly port?: number;
  readonly read_only?: boolean;
  readonly autocommit?: boolean;
  readonly only_if?: string;
  readonly unless?: string;
  readonly timeout?: string | number;
};

type Result = {
  readonly rows: readonly Row[];
  readonly rowcount: number;
  readonly status: number | null;
  readonly truncated: boolean;
};

const NAME = { type: 'string', minLength: 1, maxLength: 63, pattern: '^[^\\u0000]+$' } as const;
const STATEMENT = { type: 'string', pattern: '\\S' } as const;
const QUESTION = 'A statement that gives one boolean. Plans ask it, in a transaction that cannot write.';

export const postgresqlQuery: Resource<PostgresqlQueryArgs, Result> = {
  name: 'postgresql_query',
  kind: 'action',
  scope: 'host',
  summary: 'Statements for the PostgreSQL on this host, over its local socket, as the account postgres.',
  examples: [
    {
      title: 'Rows for later conditions',
      yaml: `- name: Which slots keep WAL
  postgresql_query:
    query: SELECT slot_name, active FROM pg_replication_slots WHERE NOT active AND slot_type = :type
    parameters: { type: physical }
    read_only: true
  register: slots
- name: There is none
  assert: { that: slots.rowcount == 0, msg: "a replication slot without its standby keeps WAL" }
`,
    },
    {
      title: 'Something that is done once',
      yaml: `- name: Make the extension
  postgresql_query:
    query: CREATE EXTENSION pg_stat_statements
    db: app
    unless: SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')
`,
    },
  ],
  schema: object(
    {
      query: {
        anyOf: [STATEMENT, { type: 'array', items: STATEMENT, minItems: 1 }],
        description:
          'One statement, or a list of them, in one transaction. :name stands for a parameter; never put values into the text.',
      },
      parameters: {
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        additionalProperties: { type: ['string', 'number', 'boolean', 'null'], pattern: '^[^\\u0000]*$' },
        'x-secret': true,
        'x-known-as': ['named_args'],
        description: 'Values for :name in the statements, quoted for PostgreSQL. May be secrets.',
      },
      db: {
        ...NAME,
        default: 'postgres',
        'x-known-as': ['database', 'login_db'],
        description: 'The database.',
      },
      user: {
        ...NAME,
        default: 'postgres',
        'x-known-as': ['login_user'],
        description: 'The role; the server must let the account postgres in as it.',
      },
      port: { ...portNumber('Of the server.', 5432), 'x-known-as': ['login_port'] },
      read_only: flag('In a transaction that cannot write; it then counts as no change.', false),
      autocommit: flag('Without a transaction around it: for VACUUM, CREATE DATABASE and the like.', false),
      only_if: { ...STATEMENT, description: `Run only when this holds. ${QUESTION}` },
      unless: { ...STATEMENT, description: `Not run when this holds. ${QUESTION}` },
      timeout: duration('It is ended after this time; 5m when absent.'),
    },
    ['query'],
  ),
  result: object(
    {
      rows: {
        type: 'array',
        items: { type: 'object' },
        description: 'Of the last statement: each a mapping of columns to texts; null is null.',
      },
      rowcount: { type: 'integer', description: 'How many rows the last statement gave or changed.' },
      status: {
        type: ['integer', 'null'],
        description: 'Exit status of psql; null when it was not run.',
      },
      truncated: { type: 'boolean', description: 'There were too many rows to be kept: `rows` is empty.' },
    },
    ['rows', 'rowcount', 'status', 'truncated'],
  ),
  shorthand: 'query',
  identity: ['only_if', 'unless', 'parameters', 'db', 'user', 'port'],
  address: ({ query, db = 'postgres' }) => `postgresql_query ${db} ${statementsOf({ query }).join('; ')}`,
  needs: (args) => questions(args).flatMap(({ request }) => (request ? [request] : [])),
  diff,
  commands: (args) => [
    psqlRun({ ...args, statements: statementsOf(args), parameters: args.parameters ?? {} }),
  ],
  touches: ({ read_only }) => (read_only ? [] : [{ on: 'anything' }]),
  registered: (args, _change, outputs) => resultOf(statementsOf(args).at(-1) ?? '', outputs[0]),
};

function statementsOf({ query }: Pick<PostgresqlQueryArgs, 'query'>): readonly string[] {
  return typeof query === 'string' ? [query] : query;
}

interface Question {
  readonly argument: 'only_if' | 'unless';
  readonly request?: FactRequest<PostgresAnswer>;
  readonly problem?: string;
}

function questions(args: PostgresqlQueryArgs): Question[] {
  const { db = 'postgres', user = 'postgres', port = 5432, parameters = {} } = args;
  return (['only_if', 'unless'] as const).flatMap((argument): Question[] => {
    const sql = args[argument];
    if (sql === undefined) return [];
    const bound = bindParameters(sql, parameters);
    if ('problem' in bound) return [{ argument, problem: bound.problem }];
    if (bound.sql instanceof Secret)
      return [{ argument, problem: 'it uses a secret, which plans would have to keep: ask without it' }];
    return [{ argument, request: postgresAnswerFact({ db, user, port, sql: bound.sql }) }];
  });
}

function diff(args: PostgresqlQueryArgs, facts: FactView): Change {
  const problem = queryProblem(args);
  if (problem) return blocked(problem);
  return asked(args, facts) ?? { action: 'run', risk: args.read_only ? 'reads' : 'changes', fields: [] };
}

function queryProblem(args: PostgresqlQueryArgs): string | undefined {
  const { parameters = {}, only_if, unless, autocommit } = args;
  const used = new Set<string>();
  for (const sql of [...statementsOf(args), only_if, unless]) {
    if (sql === undefined) continue;
    const bound = bindParameters(sql, parameters);
    if ('problem' in bound) return bound.problem;
    for (const name of bound.used) used.add(name);
  }
  const unused = Object.keys(parameters).find((name) => !used.has(name));
  if (unused !== undefined) return `nothing uses the parameter ${unused}: write :${unused} in the query`;
  return autocommit && statementsOf(args).length > 1
    ? 'several statements without a transaction would end half done: write a task for each'
    : undefined;
}

function asked(args: PostgresqlQueryArgs, facts: FactView): Change | undefined {
  let unasked: string | undefined;
  for (const { argument, request, problem } of questions(args)) {
    if (!request) return blocked(`\`${argument}\`: ${problem}`);
    const looked = facts.get(request);
    if (looked.state !== 'value')
      return blocked(
        `\`${argument}\` gave no answer: ${looked.state === 'unreadable' ? looked.reason : 'nothing'}`,
      );
    if (looked.value.holds === null) unasked ??= argument;
    else if (looked.value.holds === (argument === 'unless')) return NONE;
  }
  if (unasked === undefined) return undefined;
  const reason = `whether \`${unasked}\` holds was not asked (--no-user-probes)`;
  return {
    action: 'unknown',
    risk: args.read_only ? 'reads' : 'changes',
    fields: [],
    reason,
    after: 'its probe',
    likely: 'run',
  };
}

function resultOf(sql: string, output: CommandResult | undefined): Result {
  const { status = null, stdout = '', truncated = false } = output ?? {};
  if (status !== 0 || truncated) return { rows: [], rowcount: 0, status, truncated };
  return { ...printed(sql, stdout, NULL), status, truncated };
}
