import { NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type DataDirectory, dataDirectoryFact } from '../facts/data-directory.ts';
import { absolutePath, object, text } from './parts/schema.ts';

export type DataDirectoryFactsArgs = {
  readonly members: string;
  readonly path: string;
  readonly bin?: string;
};

type Member = {
  readonly host: string;
  readonly state: string;
  readonly system_identifier: string;
  readonly timeline: number;
  readonly position: string;
  readonly newest_segment: string;
  readonly unarchived: number;
  readonly running: boolean;
};

type Result = {
  readonly members: readonly Member[];
  readonly newest: string;
  readonly system_identifiers: readonly string[];
  readonly holding: readonly string[];
  readonly running: readonly string[];
  readonly empty: readonly string[];
  readonly unseen: readonly string[];
  readonly reasons: readonly string[];
};

const HOSTS = { type: 'array', items: { type: 'string' } } as const;
const BIN = '/usr/lib/postgresql/15/bin';

export const dataDirectoryFacts: Resource<DataDirectoryFactsArgs, Result> = {
  name: 'data_directory_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary:
    'What the data directories of a group say of themselves (pg_controldata), servers running or not, and which is the newest. Changes nothing.',
  examples: [
    {
      title: 'Is a restore needed at all?',
      yaml: `- data_directory_facts: { members: db, path: /var/lib/postgresql/15/main }
  register: data
- advise:
    that: size(data.holding) == 0
    msg: "{{data.newest}} holds the newest data: start it instead of restoring an older state"
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts are looked at, whatever the limit says.'),
      path: absolutePath('The data directory; symbolic links are followed.'),
      bin: { ...absolutePath("Where PostgreSQL's programs are."), default: BIN },
    },
    ['members', 'path'],
  ),
  result: object(
    {
      members: {
        type: 'array',
        items: object({
          host: text('Where it is.'),
          state: text('"in production", "shut down", "in archive recovery" and others.'),
          system_identifier: text("PostgreSQL's."),
          timeline: { type: 'integer', description: 'The newest that its WAL has a record of.' },
          position: text(
            'How far it surely is: the last whole record in pg_wal; the latest checkpoint where none can be read.',
          ),
          newest_segment: text('The newest file in pg_wal; empty when there is none.'),
          unarchived: { type: 'integer', description: 'Files of pg_wal that wait for the archiver.' },
          running: { type: 'boolean', description: 'A server works on it.' },
        }),
        description: 'Those that hold data, the newest first.',
      },
      newest: text('The host with the newest data; empty when none holds any.'),
      system_identifiers: {
        ...HOSTS,
        description: 'All that were found; more than one means different clusters.',
      },
      holding: { ...HOSTS, description: 'Hosts that hold data, the newest first.' },
      running: { ...HOSTS, description: 'Hosts where a server works on it.' },
      empty: { ...HOSTS, description: 'Hosts where the directory is empty or not there.' },
      unseen: { ...HOSTS, description: 'Hosts that could not be looked at, or whose data is not whole.' },
      reasons: { ...HOSTS, description: 'Why not, one sentence for each of them.' },
    },
    ['members', 'newest', 'system_identifiers', 'holding', 'running', 'empty', 'unseen', 'reasons'],
  ),
  identity: ['members', 'path', 'bin'],
  membersFrom: 'members',
  address: ({ members, path }) => `data_directory_facts ${members} ${path}`,
  needs: ({ path, bin = BIN }) => [dataDirectoryFact(path, bin)],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: (args, _change, _outputs, facts) => resultOf(args, facts),
};

function resultOf({ path, bin = BIN }: DataDirectoryFactsArgs, facts: FactView): Result {
  const looked = facts.members.map((host) => ({ host, seen: facts.get(dataDirectoryFact(path, bin), host) }));
  const members = looked
    .flatMap(({ host, seen }) => (seen.state === 'value' ? [memberOf(host, seen.value)] : []))
    .sort(newestFirst);
  const unseen = looked.flatMap(({ host, seen }) =>
    seen.state === 'unreadable' ? [{ host, reason: seen.reason }] : [],
  );
  return {
    members,
    newest: members[0]?.host ?? '',
    system_identifiers: [...new Set(members.map((member) => member.system_identifier))].sort(),
    holding: members.map(({ host }) => host),
    running: members.filter(({ running }) => running).map(({ host }) => host),
    empty: looked.filter(({ seen }) => seen.state === 'absent').map(({ host }) => host),
    unseen: unseen.map(({ host }) => host),
    reasons: unseen.map(({ host, reason }) => (reason.startsWith(host) ? reason : `${host}: ${reason}`)),
  };
}

function memberOf(host: string, data: DataDirectory): Member {
  const isWalAhead = data.lastTimeline >= data.timeline;
  const known = [data.checkpoint, data.minRecovery, ...(isWalAhead ? [data.lastRecord] : [])];
  return {
    host,
    state: data.state,
    system_identifier: data.systemIdentifier,
    timeline: Math.max(data.timeline, data.lastTimeline),
    position: known.reduce((far, lsn) => (positionOf(lsn) > positionOf(far) ? lsn : far)),
    newest_segment: data.newestSegment,
    unarchived: data.unarchived,
    running: data.isRunning,
  };
}

/** By timeline first: what a later one holds has outlived what an earlier one wrote after it. */
function newestFirst(a: Member, b: Member): number {
  const [left, right] = [positionOf(a.position), positionOf(b.position)];
  return b.timeline - a.timeline || (left < right ? 1 : left > right ? -1 : 0);
}

function positionOf(lsn: string): bigint {
  const [high = '0', low = '0'] = (lsn || '0/0').split('/');
  return (BigInt(`0x${high}`) << 32n) + BigInt(`0x${low}`);
}
