import { NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type BackupArchive, backupArchiveFact, type FullBackup } from '../facts/backup-archive.ts';
import { contentFact } from '../facts/content.ts';
import { keyIdFact } from '../facts/key-id.ts';
import { keyRingFact } from '../facts/key-ring.ts';
import { FULL, IDENTITY, MEMBER, TEXTS } from './parts/archive-schema.ts';
import { absolutePath, object, text } from './parts/schema.ts';

export type BackupFactsArgs = { readonly members: string; readonly path?: string; readonly key?: string };

type Full = {
  readonly name: string;
  readonly size: number;
  readonly complete: boolean;
  readonly key_id: string;
  readonly system_identifier: string;
  readonly ended_at: string;
};

type Identity = {
  readonly schema: string;
  readonly cluster: string;
  readonly system_identifier: string;
  readonly key_id: string;
};

type Member = {
  readonly fulls: readonly Full[];
  readonly wal: {
    readonly count: number;
    readonly oldest: string;
    readonly newest: string;
    readonly newest_at: string;
  };
  readonly cluster_json: Identity | null;
  readonly key_id: string;
  readonly kept_keys: readonly string[];
  readonly free_bytes: number;
};

type NewestFull = Full & { readonly host: string };

type Result = {
  readonly members: { readonly [host: string]: Member };
  readonly newest_full: NewestFull | null;
  readonly system_identifiers: readonly string[];
  readonly key_ids: readonly string[];
  readonly kept_keys: readonly string[];
  readonly lacking: readonly string[];
  readonly cluster_json: Identity | null;
  readonly disagreement: readonly string[];
  readonly unreadable: readonly string[];
};

const ARCHIVE = '/var/backups/fanatico';
const KEY = '/etc/fanatico/backup.key';

export const backupFacts: Resource<BackupFactsArgs, Result> = {
  name: 'backup_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary: "What the archives on a group's hosts hold, and with which keys it was made. Changes nothing.",
  examples: [
    {
      title: 'Whether there is anything to restore',
      yaml: `- name: Which backups are there?
  backup_facts: { members: db }
  register: backups
- name: One is whole
  advise: { that: backups.newest_full != null, msg: no complete full backup is on any host }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts are looked at, whatever the limit says.'),
      path: { ...absolutePath('The archive on every host.'), default: ARCHIVE },
      key: { ...absolutePath('Where they hold the key; only its id is told.'), default: KEY },
    },
    ['members'],
  ),
  result: object(
    {
      members: {
        type: 'object',
        additionalProperties: MEMBER,
        description: 'By host; those without an archive are left out.',
      },
      newest_full: {
        ...object({ host: text('Where it is.'), ...FULL }, ['host', ...Object.keys(FULL)]),
        type: ['object', 'null'],
        description: 'The complete full backup that ended last; null where there is none.',
      },
      system_identifiers: {
        ...TEXTS,
        description: 'All that complete fulls and archives name; more than one means different clusters.',
      },
      key_ids: {
        ...TEXTS,
        description: 'Every key that the sidecars of full backups and WAL name, and archives.',
      },
      kept_keys: { ...TEXTS, description: 'Every key that some host only reads with.' },
      lacking: {
        ...TEXTS,
        description: 'Which host lacks which of the keys that backups were made with, one sentence each.',
      },
      cluster_json: {
        ...IDENTITY,
        description: 'Whose archives they are, where all that say so agree; else null.',
      },
      disagreement: { ...TEXTS, description: 'What archives and keys say differently, one sentence each.' },
      unreadable: { ...TEXTS, description: 'What could not be looked at, one sentence each.' },
    },
    [
      'members',
      'newest_full',
      'system_identifiers',
      'key_ids',
      'kept_keys',
      'lacking',
      'cluster_json',
      'disagreement',
      'unreadable',
    ],
  ),
  identity: ['members', 'path', 'key'],
  membersFrom: 'members',
  address: ({ members, path = ARCHIVE }) => `backup_facts ${members} ${path}`,
  needs: ({ path = ARCHIVE, key = KEY }) => [
    backupArchiveFact(path),
    contentFact(clusterJson(path)),
    keyIdFact(key),
    keyRingFact(ringOf(key)),
  ],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: (args, _change, _outputs, facts) => judge(args, facts),
};

function judge(args: BackupFactsArgs, facts: FactView): Result {
  const seen = facts.members.map((host) => ({ host, ...memberAt(host, args, facts) }));
  const members = seen.flatMap(({ host, member }) => (member ? [{ host, member }] : []));
  const complete = members.flatMap(({ host, member }) =>
    member.fulls.filter((f) => f.complete).map((full) => ({ host, ...full })),
  );
  const identities = members.flatMap(({ host, member }) =>
    member.cluster_json ? [{ host, identity: member.cluster_json }] : [],
  );
  const disagreement = disagreements(members, identities);
  const [first] = identities;
  const isOne = identities.every(({ identity }) => same(identity, first?.identity));
  const ids = sorted([
    ...complete.map((f) => f.key_id),
    ...seen.flatMap(({ named }) => named),
    ...identities.map(({ identity }) => identity.key_id),
  ]);
  return {
    members: Object.fromEntries(members.map(({ host, member }) => [host, member])),
    newest_full: [...complete].sort((a, b) => (a.ended_at < b.ended_at ? 1 : -1))[0] ?? null,
    system_identifiers: sorted([
      ...complete.map((f) => f.system_identifier),
      ...identities.map(({ identity }) => identity.system_identifier),
    ]),
    key_ids: ids,
    kept_keys: sorted(members.flatMap(({ member }) => member.kept_keys)),
    lacking: members.flatMap(({ host, member: { key_id, kept_keys } }) =>
      ids
        .filter((id) => id !== key_id && !kept_keys.includes(id))
        .map((id) => `${host} does not hold the key ${id}`),
    ),
    cluster_json: isOne ? (first?.identity ?? null) : null,
    disagreement,
    unreadable: seen.flatMap(({ unreadable }) => unreadable),
  };
}

function disagreements(
  members: readonly { readonly host: string; readonly member: Member }[],
  identities: readonly { readonly host: string; readonly identity: Identity }[],
): string[] {
  const questions: readonly [string, { readonly host: string; readonly said: string }[]][] = [
    ['the cluster', identities.map(({ host, identity }) => ({ host, said: identity.cluster }))],
    [
      'the system identifier',
      identities.map(({ host, identity }) => ({ host, said: identity.system_identifier })),
    ],
    ['the key of the archive', identities.map(({ host, identity }) => ({ host, said: identity.key_id }))],
    [
      'the key on the host',
      members.map(({ host, member }) => ({ host, said: member.key_id })).filter(({ said }) => said !== ''),
    ],
  ];
  return questions.flatMap(([what, answers]) =>
    answers.every(({ said }) => said === answers[0]?.said)
      ? []
      : [`${what}: ${answers.map(({ host, said }) => `${host} has ${said || 'none'}`).join(', ')}`],
  );
}

function memberAt(
  host: string,
  { path = ARCHIVE, key = KEY }: BackupFactsArgs,
  facts: FactView,
): { readonly member?: Member; readonly named: readonly string[]; readonly unreadable: readonly string[] } {
  const archive = facts.get(backupArchiveFact(path), host);
  const identity = facts.get(contentFact(clusterJson(path)), host);
  const keyId = facts.get(keyIdFact(key), host);
  const ring = facts.get(keyRingFact(ringOf(key)), host);
  // Without an archive nothing in it is missing.
  const looks = archive.state === 'value' ? [archive, identity, keyId, ring] : [archive, keyId];
  const reasons = looks.flatMap((looked) => (looked.state === 'unreadable' ? [looked.reason] : []));
  const unreadable = [...new Set(reasons)].map((r) => (r.startsWith(host) ? r : `${host}: ${r}`));
  if (archive.state !== 'value') return { named: [], unreadable };
  const cluster_json = identity.state === 'value' ? identityFrom(identity.value.text) : null;
  if (identity.state === 'value' && !cluster_json)
    unreadable.push(`${host}: ${clusterJson(path)} is not what it should be`);
  return {
    member: memberFrom(archive.value, cluster_json, keyId, ring.state === 'value' ? ring.value : []),
    named: archive.value.keys,
    unreadable,
  };
}

function memberFrom(
  { fulls, wal, free }: BackupArchive,
  cluster_json: Identity | null,
  keyId: { readonly state: string; readonly value?: unknown },
  kept_keys: readonly string[],
): Member {
  return {
    fulls: fulls.map(fullFrom),
    wal: {
      count: wal.count,
      oldest: wal.oldest,
      newest: wal.newest,
      newest_at: wal.newestAt === 0 ? '' : new Date(wal.newestAt * 1000).toISOString(),
    },
    cluster_json,
    key_id: keyId.state === 'value' ? textIn(keyId.value) : '',
    kept_keys,
    free_bytes: free,
  };
}

function fullFrom({ name, size, sidecar }: FullBackup): Full {
  return {
    name,
    size,
    complete: sidecar !== undefined,
    key_id: textIn(sidecar?.key_id),
    system_identifier: textIn(sidecar?.system_identifier),
    ended_at: textIn(sidecar?.ended_at),
  };
}

function identityFrom(content: string | undefined): Identity | null {
  try {
    const { schema, cluster, system_identifier, key_id } = JSON.parse(content ?? '') as {
      [field: string]: unknown;
    };
    if (typeof cluster !== 'string' || typeof system_identifier !== 'string') return null;
    return { schema: textIn(schema), cluster, system_identifier, key_id: textIn(key_id) };
  } catch {
    return null;
  }
}

function clusterJson(path: string): string {
  return `${path}/CLUSTER.json`;
}

function ringOf(key: string): string {
  return `${key}.d`;
}

function sorted(ids: readonly string[]): readonly string[] {
  return [...new Set(ids.filter((id) => id !== ''))].sort();
}

function same(a: Identity, b: Identity | undefined): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function textIn(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
