import { NONE } from '../core/change.ts';
import type { FactRequest, FactView, Looked } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type DirectoryEntries, directoryEntriesFact } from '../facts/directory-entries.ts';
import { type PathInfo, pathFact } from '../facts/path.ts';
import { absolutePath, object, text } from './parts/schema.ts';

export type PathFactsArgs = { readonly members: string; readonly path: string };

type Result = {
  readonly path: string;
  readonly filled: readonly string[];
  readonly empty: readonly string[];
  readonly absent: readonly string[];
  readonly mount_points: readonly string[];
  readonly unseen: readonly string[];
  readonly reasons: readonly string[];
};

const HOSTS = { type: 'array', items: { type: 'string' } } as const;

export const pathFacts: Resource<PathFactsArgs, Result> = {
  name: 'path_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary:
    'Which hosts of a group hold something at a path. A host that could not be looked at is told apart. Changes nothing.',
  examples: [
    {
      title: 'Where there is something already',
      yaml: `- name: Who has a data directory?
  path_facts: { members: db, path: /var/lib/postgresql/15/fanatico }
  register: data
- name: All have
  advise: { that: "size(data.filled) == size(groups.db)", msg: "empty: {{join data.empty \\", \\"}}" }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts are looked at, whatever the limit says.'),
      path: absolutePath('What to look at; symbolic links are followed.'),
    },
    ['members', 'path'],
  ),
  result: object(
    {
      path: text('What was looked at.'),
      filled: { ...HOSTS, description: 'Hosts with a directory that is not empty, or with anything else.' },
      empty: { ...HOSTS, description: 'Hosts with an empty directory.' },
      absent: { ...HOSTS, description: 'Hosts where there is nothing at this path.' },
      mount_points: {
        ...HOSTS,
        description: 'Hosts where a disk is mounted just there: such a directory cannot be renamed.',
      },
      unseen: { ...HOSTS, description: 'Hosts that could not be looked at.' },
      reasons: { ...HOSTS, description: 'Why not, one sentence for each of them.' },
    },
    ['path', 'filled', 'empty', 'absent', 'mount_points', 'unseen', 'reasons'],
  ),
  identity: ['members', 'path'],
  membersFrom: 'members',
  address: ({ members, path }) => `path_facts ${members} ${path}`,
  needs: ({ path }) => [infoFact(path), directoryEntriesFact(path)],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: ({ path }, _change, _outputs, facts) => {
    const seen = facts.members.map((host) => ({ host, ...holding(path, host, facts) }));
    const where = (state: Holding['state']): string[] =>
      seen.filter((s) => s.state === state).map((s) => s.host);
    return {
      path,
      filled: where('filled'),
      empty: where('empty'),
      absent: where('absent'),
      mount_points: facts.members.filter((host) => isMountPoint(path, host, facts)),
      unseen: where('unseen'),
      reasons: seen.flatMap(({ host, reason }) => (reason === undefined ? [] : [withHost(host, reason)])),
    };
  },
};

function withHost(host: string, reason: string): string {
  return reason.startsWith(host) ? reason : `${host}: ${reason}`;
}

interface Holding {
  readonly state: 'filled' | 'empty' | 'absent' | 'unseen';
  readonly reason?: string;
}

function infoFact(path: string): FactRequest<PathInfo> {
  return pathFact(path, { follow: true });
}

function isMountPoint(path: string, host: string, facts: FactView): boolean {
  const info = facts.get(infoFact(path), host);
  return info.state === 'value' && info.value.mounted;
}

/** A directory that cannot be listed is not seen; what is no directory is something. */
function holding(path: string, host: string, facts: FactView): Holding {
  const info = facts.get(infoFact(path), host);
  if (info.state === 'absent') return { state: 'absent' };
  if (info.state === 'unreadable') return { state: 'unseen', reason: info.reason };
  if (info.value.type !== 'directory') return { state: 'filled' };
  const entries: Looked<DirectoryEntries> = facts.get(directoryEntriesFact(path), host);
  if (entries.state === 'unreadable') return { state: 'unseen', reason: entries.reason };
  return { state: entries.state === 'value' && !entries.value.empty ? 'filled' : 'empty' };
}
