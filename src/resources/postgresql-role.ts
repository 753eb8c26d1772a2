import { blocked, type Change, type FieldChange, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { MASK, Secret } from '../core/secret.ts';
import { sh } from '../core/shell.ts';
import { postgresRoleFact, type Role } from '../facts/postgres-role.ts';
import { sqlName, sqlText } from '../facts/sql.ts';
import { flag, object, oneOf, portNumber, text } from './parts/schema.ts';
import { UNLOGGED } from './parts/unlogged.ts';
import { isPasswordOf } from './parts/verifier.ts';

export type PostgresqlRoleArgs = {
  readonly members: string;
  readonly name: string;
  readonly login?: boolean;
  readonly superuser?: boolean;
  readonly replication?: boolean;
  readonly createdb?: boolean;
  readonly createrole?: boolean;
  readonly password?: string | Secret;
  readonly update_password?: 'on_create' | 'always';
  readonly member_of?: readonly string[];
  readonly port?: number;
};

type Flag = 'login' | 'superuser' | 'replication' | 'createdb' | 'createrole';

const FLAGS: readonly Flag[] = ['login', 'superuser', 'replication', 'createdb', 'createrole'];

/** What PostgreSQL cannot hold, or what would end the name. */
const NAME = { type: 'string', minLength: 1, maxLength: 63, pattern: '^[^\\u0000]+$' } as const;

export const postgresqlRole: Resource<PostgresqlRoleArgs, { readonly name: string; readonly on: string }> = {
  name: 'postgresql_role',
  kind: 'resource',
  scope: 'cluster',
  summary: "A role of PostgreSQL with its attributes, on the group's one server that is not in recovery.",
  examples: [
    {
      title: 'A role that may watch',
      yaml: `- name: Whoever watches
  postgresql_role: { members: db, name: watcher, login: true, member_of: [pg_monitor] }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts run the members; one host is a group, too.'),
      name: { ...NAME, description: 'Of the role.' },
      login: flag('Whether it may log in. Left as it is when absent.', false),
      superuser: flag('Whether nothing is refused to it. Left as it is when absent.', false),
      replication: flag('Whether it may stream WAL and take base backups. Left as it is when absent.', false),
      createdb: flag('Whether it may make databases. Left as it is when absent.', false),
      createrole: flag('Whether it may make roles. Left as it is when absent.', false),
      password: {
        ...NAME,
        maxLength: 512,
        'x-secret': true,
        description: 'Its password; PostgreSQL keeps a SCRAM verifier of it.',
      },
      update_password: {
        ...oneOf(['on_create', 'always'], 'Whether a role that is there gets it, too, where it has another.'),
        default: 'on_create',
      },
      member_of: {
        type: 'array',
        items: { ...NAME, description: 'A role.' },
        uniqueItems: true,
        description: 'Roles that it is in; it is never taken out of one.',
      },
      port: portNumber('Of PostgreSQL.', 5432),
    },
    ['members', 'name'],
  ),
  result: object({ name: text('The role.'), on: text('The host that leads; empty where none does.') }, [
    'name',
    'on',
  ]),
  identity: ['members', 'name', 'port'],
  membersFrom: 'members',
  address: ({ members, name }) => `postgresql_role ${members} ${name}`,
  needs: ({ name, port }) => [postgresRoleFact(name, port)],
  diff,
  commands,
  touches: ({ name }) => [{ on: 'cluster', name: `postgres role ${name}` }],
  registered: (args, _change, _outputs, facts) => ({
    name: args.name,
    on: leadersOf(args, facts)[0]?.member ?? '',
  }),
};

interface Leader {
  readonly member: string;
  readonly role: Role | undefined;
}

function leadersOf({ name, port }: PostgresqlRoleArgs, facts: FactView): Leader[] {
  return facts.members.flatMap((member) => {
    const looked = facts.get(postgresRoleFact(name, port), member);
    return looked.state === 'value' && !looked.value.inRecovery ? [{ member, role: looked.value.role }] : [];
  });
}

function diff(args: PostgresqlRoleArgs, facts: FactView): Change {
  const leaders = leadersOf(args, facts);
  const [leader, second] = leaders;
  if (leader && second)
    return blocked(
      `${leader.member} and ${second.member} both take writes: find out which of them leads before anything is changed`,
    );
  if (!leader) return blocked(`no member takes writes: ${silence(args, facts)}`);
  const { password } = args;
  if (password instanceof Secret && !password.isOpen)
    return blocked(`the password of ${args.name} is a secret whose value is not known here`);
  const fields = differences(args, leader.role);
  if (leader.role && fields.length === 0) return NONE;
  const note = { on: leader.member };
  return leader.role
    ? { action: 'update', risk: 'changes', fields, note }
    : { action: 'create', risk: 'changes', fields: [{ field: 'state', after: 'present' }, ...fields], note };
}

function differences(args: PostgresqlRoleArgs, role: Role | undefined): FieldChange[] {
  const flags = FLAGS.flatMap((field): FieldChange[] => {
    const after = args[field];
    if (after === undefined || after === (role?.[field] ?? false)) return [];
    return [{ field, ...(role ? { before: role[field] } : {}), after }];
  });
  const before = role?.memberOf ?? [];
  const missing = (args.member_of ?? []).filter((name) => !before.includes(name));
  const groups: FieldChange[] = missing.length
    ? [{ field: 'member_of', ...(role ? { before } : {}), after: [...before, ...missing].sort() }]
    : [];
  return [...flags, ...passwordChange(args, role), ...groups];
}

/** SCRAM keeps no password, but tells whether one is right. */
function passwordChange({ name, password, update_password }: PostgresqlRoleArgs, role: Role | undefined) {
  if (password === undefined) return [];
  const after = Secret.open(open(password));
  if (!role) return [{ field: 'password', after }];
  if (update_password !== 'always') return [];
  if (role.verifier && isPasswordOf(open(password), name, role.verifier.expose())) return [];
  return [{ field: 'password', before: role.verifier ? MASK : 'none', after }];
}

function silence({ name, port }: PostgresqlRoleArgs, facts: FactView): string {
  const reasons = facts.members.map((member) => {
    const looked = facts.get(postgresRoleFact(name, port), member);
    if (looked.state === 'value') return `${member}: a standby`;
    const reason = looked.state === 'absent' ? 'no PostgreSQL listens there' : looked.reason;
    return reason.startsWith(member) ? reason : `${member}: ${reason}`;
  });
  return reasons.join('; ');
}

function commands(args: PostgresqlRoleArgs, change: Change): Command[] {
  const { on } = change.note as { readonly on: string };
  const psql = ['psql', '-X', '-q', '-w', '-v', 'ON_ERROR_STOP=1', '-v', 'VERBOSITY=terse'];
  const words = [...psql, '-d', 'postgres', '-p', String(args.port ?? 5432), '-f', '-'];
  return [
    {
      kind: 'shell',
      on,
      as: 'postgres',
      script: sh`cd /; exec ${words}`.text,
      stdin: { kind: 'text', text: statements(args, change) },
      display: `psql: ${change.action === 'create' ? 'CREATE' : 'ALTER'} ROLE ${args.name} (${change.fields.map((f) => f.field).join(', ')})`,
      timeoutMs: 60_000,
    },
  ];
}

/**
 * One transaction. The password goes to the server as it is, over the local socket, and the server computes the
 * verifier; neither its log nor its statistics may show the statement meanwhile.
 */
function statements(args: PostgresqlRoleArgs, { action, fields }: Change): string | Secret {
  const { name, password, member_of = [] } = args;
  const changes = (field: string): boolean => fields.some((f) => f.field === field);
  const role = sqlName(name);
  const flags = FLAGS.filter((f) => args[f] !== undefined && changes(f)).map(
    (f) => `${args[f] ? '' : 'NO'}${f.toUpperCase()}`,
  );
  const secret = password !== undefined && changes('password') ? open(password) : undefined;
  const text = (shown: string | undefined): string =>
    [
      ...UNLOGGED,
      'BEGIN;',
      "SET LOCAL password_encryption = 'scram-sha-256';",
      `${action === 'create' ? 'CREATE' : 'ALTER'} ROLE ${role}${[...flags, ...(shown === undefined ? [] : [`PASSWORD ${shown}`])].map((f) => ` ${f}`).join('')};`,
      ...(changes('member_of') ? member_of.map((group) => `GRANT ${sqlName(group)} TO ${role};`) : []),
      'COMMIT;',
      '',
    ].join('\n');
  if (secret === undefined) return text(undefined);
  return Secret.open(text(sqlText(secret)), text(`'${MASK}'`));
}

function open(password: string | Secret): string {
  return password instanceof Secret ? password.expose() : password;
}
