import { NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type Postgres, postgresFact } from '../facts/postgres.ts';
import { object, portNumber, text } from './parts/schema.ts';

export type PostgresFactsArgs = { readonly members: string; readonly port?: number };

type Member = {
  readonly version: string;
  readonly in_recovery: boolean;
  readonly pending_restart: readonly string[];
  readonly archived: number;
  readonly archive_failures: number;
  readonly last_archived: string;
  readonly last_failed: string;
  readonly settings: { readonly [name: string]: string };
};

type Result = {
  readonly members: { readonly [host: string]: Member };
  readonly leader: string;
  readonly pending_restart: readonly string[];
  readonly silent: readonly string[];
  readonly unseen: readonly string[];
};

const TEXTS = { type: 'array', items: { type: 'string' } } as const;

const MEMBER = object(
  {
    version: text('The server\'s version: "15.20".'),
    in_recovery: { type: 'boolean', description: 'It replays WAL: a standby.' },
    pending_restart: { ...TEXTS, description: 'Parameters that wait for a restart.' },
    archived: { type: 'integer', description: 'Segments archived since statistics were reset.' },
    archive_failures: { type: 'integer', description: 'Failed attempts to archive since then.' },
    last_archived: text('Name of the last segment archived; empty where there is none.'),
    last_failed: text('Name of the last segment that could not be archived; empty where there is none.'),
    settings: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'All parameters as pg_settings shows them, in their own units.',
    },
  },
  [
    'version',
    'in_recovery',
    'pending_restart',
    'archived',
    'archive_failures',
    'last_archived',
    'last_failed',
    'settings',
  ],
);

export const postgresFacts: Resource<PostgresFactsArgs, Result> = {
  name: 'postgres_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary:
    "What the PostgreSQLs of a group's hosts say of themselves, over their local sockets. Changes nothing.",
  examples: [
    {
      title: 'Whether a restart is pending anywhere',
      yaml: `- name: Ask every PostgreSQL
  postgres_facts: { members: db }
  register: servers
- name: None waits for a restart
  advise: { that: size(servers.pending_restart) == 0, msg: "waiting: {{join servers.pending_restart \\", \\"}}" }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts are asked, whatever the limit says.'),
      port: portNumber('Of PostgreSQL.', 5432),
    },
    ['members'],
  ),
  result: object(
    {
      members: { type: 'object', additionalProperties: MEMBER, description: 'By host: those that answered.' },
      leader: text('The one host that is not in recovery; empty where there is none, or more than one.'),
      pending_restart: { ...TEXTS, description: 'Hosts whose PostgreSQL waits for a restart.' },
      silent: { ...TEXTS, description: 'Hosts where no PostgreSQL listens.' },
      unseen: { ...TEXTS, description: 'Hosts that could not be asked, and why.' },
    },
    ['members', 'leader', 'pending_restart', 'silent', 'unseen'],
  ),
  identity: ['members', 'port'],
  membersFrom: 'members',
  address: ({ members, port = 5432 }) => `postgres_facts ${members} ${port}`,
  needs: ({ port }) => [postgresFact(port)],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: ({ port }, _change, _outputs, facts) => judge(port, facts),
};

function judge(port: number | undefined, facts: FactView): Result {
  const asked = facts.members.map((host) => ({ host, looked: facts.get(postgresFact(port), host) }));
  const members = asked.flatMap(({ host, looked }) =>
    looked.state === 'value' ? [{ host, member: memberFrom(looked.value) }] : [],
  );
  const leaders = members.filter(({ member }) => !member.in_recovery);
  return {
    members: Object.fromEntries(members.map(({ host, member }) => [host, member])),
    leader: leaders.length === 1 ? (leaders[0]?.host ?? '') : '',
    pending_restart: members
      .filter(({ member }) => member.pending_restart.length > 0)
      .map(({ host }) => host),
    silent: asked.filter(({ looked }) => looked.state === 'absent').map(({ host }) => host),
    unseen: asked.flatMap(({ host, looked }) =>
      looked.state !== 'unreadable'
        ? []
        : [looked.reason.startsWith(host) ? looked.reason : `${host}: ${looked.reason}`],
    ),
  };
}

function memberFrom({ version, inRecovery, settings, archiver }: Postgres): Member {
  const all = Object.entries(settings);
  return {
    version,
    in_recovery: inRecovery,
    pending_restart: all.filter(([, s]) => s.pendingRestart).map(([name]) => name),
    archived: archiver.archived,
    archive_failures: archiver.failed,
    last_archived: archiver.lastArchived,
    last_failed: archiver.lastFailed,
    settings: Object.fromEntries(all.map(([name, { value }]) => [name, value])),
  };
}
