import { type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines, type Script, sh } from '../core/shell.ts';
import { postgresFact } from '../facts/postgres.ts';
import { PATH_RESULT } from './file.ts';
import {
  EDITED_PROPERTIES,
  type Edit,
  editedCommands,
  editedDiff,
  editedNeeds,
  isAway,
} from './parts/edited-file.ts';
import { adds, type Edited } from './parts/editing.ts';
import { type HbaRule, hbaName } from './parts/hba.ts';
import { editHba } from './parts/hba-edit.ts';
import { fileTouches } from './parts/regular-file.ts';
import { object, oneOf, portNumber } from './parts/schema.ts';

type Names = string | readonly string[];

export interface PostgresqlHbaArgs extends Edited {
  readonly rules: readonly {
    readonly type: string;
    readonly database?: Names;
    readonly user?: Names;
    readonly address?: string;
    readonly method: string;
    readonly options?: { readonly [name: string]: string | number };
  }[];
  readonly position?: 'first' | 'last';
  readonly port?: number;
}

const TYPES = ['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'];
const METHODS = [
  ...['trust', 'reject', 'scram-sha-256', 'md5', 'password', 'gss', 'sspi', 'ident', 'peer'],
  ...['pam', 'ldap', 'radius', 'cert', 'bsd'],
];
const NAME = { type: 'string', pattern: '^[^\\n\\r\\u0000]+$' } as const;
const NAMES = { anyOf: [NAME, { type: 'array', items: NAME, minItems: 1 }] };
const { insert_after: _, path, ...FILE } = EDITED_PROPERTIES;

const RULE = {
  ...object(
    {
      type: { ...oneOf(TYPES, 'The kind of connection.'), 'x-known-as': ['contype'] },
      database: {
        ...NAMES,
        default: 'all',
        'x-known-as': ['databases'],
        description: 'Names of databases, or all, sameuser, samerole, replication.',
      },
      user: {
        ...NAMES,
        default: 'all',
        'x-known-as': ['users'],
        description: 'Roles; +NAME stands for its members.',
      },
      address: {
        type: 'string',
        pattern: '^[A-Za-z0-9.:/_-]+$',
        description: '"10.0.0.0/24", "::1/128", a name, samehost, samenet or all; not for `local`.',
      },
      method: oneOf(METHODS, 'How whoever connects proves who it is.'),
      options: {
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9_-]*$' },
        additionalProperties: { type: ['string', 'number'], pattern: '^[^\\n\\r\\u0000]*$' },
        description: 'Of the method: {map: admins}.',
      },
    },
    ['type', 'method'],
  ),
  oneOf: [
    { properties: { type: { const: 'local' } }, not: { required: ['address'] } },
    { properties: { type: { not: { const: 'local' } } }, required: ['address'] },
  ],
};

export const postgresqlHba: Resource<PostgresqlHbaArgs, { readonly path: string }> = {
  name: 'postgresql_hba',
  kind: 'resource',
  scope: 'host',
  summary:
    'Rules of a pg_hba.conf that is otherwise not ours, in their order, before or after all others. It is not reloaded: notify a handler.',
  examples: [
    {
      title: 'Who may replicate comes before all others',
      yaml: `- name: Replication within the cluster
  postgresql_hba:
    path: /etc/postgresql/15/main/pg_hba.conf
    rules:
      - { type: hostssl, database: replication, user: replicator, address: 10.0.0.0/24, method: scram-sha-256 }
      - { type: host, database: replication, user: all, address: all, method: reject }
`,
    },
  ],
  schema: object(
    {
      path: { ...path, 'x-known-as': ['dest'] },
      ...FILE,
      rules: {
        type: 'array',
        items: RULE,
        minItems: 1,
        description: 'In the order in which they are to be tried.',
      },
      position: {
        ...oneOf(
          ['first', 'last'],
          'Before all other rules, or after them. The first that fits a connection decides.',
        ),
        default: 'first',
      },
      state: { ...oneOf(['present', 'absent'], 'Whether these rules are there.'), default: 'present' },
      port: portNumber('Of the server that reads the file, and is asked whether it can.', 5432),
    },
    ['path', 'rules'],
  ),
  result: PATH_RESULT,
  identity: ['path', 'port'],
  address: (args) => `hba ${args.path} ${args.position ?? 'first'} ${args.state ?? 'present'}`,
  needs: (args) => [...editedNeeds(args), postgresFact(args.port)],
  diff,
  commands: (args, change, facts) =>
    editedCommands(args, adds(args), editOf(args), change, facts, serverReads(args.port ?? 5432)),
  touches: (args, change) => fileTouches(args.path, change),
  registered: (args) => ({ path: args.path }),
};

function diff(args: PostgresqlHbaArgs, facts: FactView): Change {
  if (isAway(args, adds(args), facts)) return NONE;
  const change = editedDiff(args, adds(args), editOf(args), facts);
  if (change.action === 'none' || change.action === 'blocked') return change;
  const server = facts.get(postgresFact(args.port));
  const read = server.state === 'value' ? server.value.settings.hba_file?.value : undefined;
  const isRead = read === undefined || read === args.path;
  const reason = isRead
    ? 'takes effect with a reload of PostgreSQL'
    : `the server on port ${args.port ?? 5432} reads ${read}, which is another file unless a link leads here`;
  return { ...change, reason };
}

function editOf({ rules, position = 'first', state }: PostgresqlHbaArgs): Edit {
  const wish = { rules: rules.map(ruleOf), position: state === 'absent' ? ('absent' as const) : position };
  return (text) => editHba(text, wish);
}

function ruleOf({
  type,
  database = 'all',
  user = 'all',
  address = '',
  method,
  options = {},
}: PostgresqlHbaArgs['rules'][number]): HbaRule {
  const names = (of: Names) => (typeof of === 'string' ? [of] : of).map(hbaName);
  const pairs = Object.entries(options).map(([name, value]) => hbaName(`${name}=${value}`));
  return { type, database: names(database), user: names(user), address, method, options: pairs };
}

const UNREAD = `SELECT 'line ' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL`;

/** A server says what it cannot read, before it is told to reload; where none runs there is nobody to ask. */
function serverReads(port: number): Script {
  return lines(
    sh`command -v psql >/dev/null && getent passwd postgres >/dev/null || return 0`,
    sh`become=; [ "$(whoami)" != root ] || become='runuser -u postgres --'`,
    sh`said=$(cd / && PGCONNECT_TIMEOUT=5 timeout 12 $become psql -X -A -t -q -w -d postgres -U postgres -p ${port} -c ${UNREAD} </dev/null 2>/dev/null) || return 0`,
    sh`[ -z "$said" ] || { printf 'PostgreSQL cannot read the new file: %s\\n' "$said" >&2; return 1; }`,
  );
}
