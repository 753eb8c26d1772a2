import { NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { freeSpaceFact } from '../facts/free-space.ts';
import { restorableArchiveFact } from '../facts/restorable-archive.ts';
import {
  fullFrom,
  roomProblem,
  type Sentences,
  SILENT,
  sentencesOf,
  type Wanted,
} from './parts/reach-words.ts';
import { absolutePath, object, oneOf, text } from './parts/schema.ts';
import type { Full, StoredSegment } from './parts/wal-reach.ts';

export type ReachFactsArgs = {
  readonly members: string;
  readonly host: string;
  readonly into: string;
  readonly backup?: string;
  readonly timeline?: string;
  readonly at?: string;
  readonly lsn?: string;
  readonly restore_point?: string;
  readonly path?: string;
  readonly gathered?: string;
  readonly data?: string;
  readonly now?: string;
  readonly archives_first?: 'nothing' | 'new' | 'all';
};

type Result = Sentences & {
  readonly room: string;
  readonly held_by: readonly string[];
  readonly backup: string;
  readonly unseen: readonly string[];
};

const ARCHIVE = '/var/backups/fanatico';
const GATHERED = '/var/lib/fanatico/gathered';
const DATA = '/var/lib/postgresql/15/fanatico';

export const reachFacts: Resource<ReachFactsArgs, Result> = {
  name: 'reach_facts',
  kind: 'action',
  scope: 'cluster',
  onlyLooks: true,
  summary:
    "What a group's archives could restore together, before anything of them is gathered: whether a backup, the WAL after it and the room suffice. Says only what is surely not so. Changes nothing.",
  examples: [
    {
      title: 'Before anything is copied or stopped',
      yaml: `- name: How far do the archives reach?
  reach_facts: { members: db, host: db1, into: /var/lib/postgresql/15/fanatico }
  register: reach
- name: There is room
  advise: { that: reach.room == '', msg: "{{reach.room}}" }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose archives are looked at, whatever the limit says.'),
      host: text('The host on which it would be restored.'),
      into: absolutePath('Where it would be restored, beside what is there.'),
      backup: { ...text('latest, or the name of a full backup.'), default: 'latest' },
      timeline: {
        ...text(
          'latest, current (that of the backup), or a number. Of another than the latest nothing is said of WAL.',
        ),
        default: 'latest',
      },
      at: { ...text('The moment that is wanted; empty: none.'), default: '' },
      lsn: { ...text('The place in the WAL that is wanted; empty: none.'), default: '' },
      restore_point: { ...text('The restore point that is wanted; empty: none.'), default: '' },
      now: {
        ...text('This moment, by the clock of that host; without it nothing is still to come.'),
        default: '',
      },
      path: { ...absolutePath('The archive on every host.'), default: ARCHIVE },
      gathered: { ...absolutePath("Where others' archives are gathered on every host."), default: GATHERED },
      data: { ...absolutePath('The data directory on every host.'), default: DATA },
      archives_first: {
        ...oneOf(
          ['nothing', 'new', 'all'],
          "What the data directories' pg_wal holds and is archived before the restore: nothing; what is written from now on, which reaches further; all, which fills gaps as well.",
        ),
        default: 'nothing',
      },
    },
    ['members', 'host', 'into'],
  ),
  result: object(
    {
      backup: text('The full backup that would be taken; empty where none is known.'),
      none: text('That there is no such backup; like the next, empty where that is not so or not known.'),
      to_come: text('That the moment is still to come.'),
      too_early: text('That the target lies before every backup, and from when on there is one.'),
      too_late: text('That the target lies after what the WAL reaches, and how far that is.'),
      missing: text(
        'Which segments are missing in between, where no target is wanted, and how far the WAL reaches.',
      ),
      hole: text('The first segment that is missing, where one of these says so.'),
      held_by: {
        type: 'array',
        items: { type: 'string' },
        description: 'Hosts whose pg_wal still holds it.',
      },
      room: text('How much room there is and how much it takes, where that is too little.'),
      unseen: {
        type: 'array',
        items: { type: 'string' },
        description:
          'What could not be looked at, one sentence each: then nothing is said of backups and WAL.',
      },
    },
    ['backup', 'none', 'to_come', 'too_early', 'too_late', 'missing', 'hole', 'held_by', 'room', 'unseen'],
  ),
  identity: [
    'members',
    'host',
    'into',
    'backup',
    'timeline',
    'at',
    'lsn',
    'restore_point',
    'path',
    'gathered',
    'data',
  ],
  membersFrom: 'members',
  address: ({ members, host, into }) => `reach_facts ${members} ${host}:${into}`,
  needs: (args) => [restorableArchiveFact(subjectOf(args)), freeSpaceFact(args.into)],
  diff: () => NONE,
  commands: () => [],
  touches: () => [],
  registered: (args, _change, _outputs, facts) => judge(args, facts),
};

function judge(args: ReachFactsArgs, facts: FactView): Result {
  const seen = facts.members.map((host) => ({
    host,
    looked: facts.get(restorableArchiveFact(subjectOf(args)), host),
  }));
  const unseen = seen.flatMap(({ host, looked }) =>
    looked.state === 'unreadable'
      ? [looked.reason.startsWith(host) ? looked.reason : `${host}: ${looked.reason}`]
      : [],
  );
  const fulls = seen.flatMap(({ host, looked }): Full[] =>
    looked.state === 'value' ? looked.value.fulls.flatMap((sidecar) => fullFrom(host, sidecar) ?? []) : [],
  );
  const stored = seen.flatMap(({ looked }): readonly StoredSegment[] =>
    looked.state === 'value' ? looked.value.segments : [],
  );
  const pgWal = seen.flatMap(({ looked }) => (looked.state === 'value' ? looked.value.pgWal : []));
  const wanted: Wanted = {
    // The name of a link to the newest in the archive.
    backup: (args.backup ?? 'latest').replace(/^latest\.tar\.gz$/, 'latest'),
    timeline: args.timeline || 'latest',
    at: args.at ?? '',
    lsn: args.lsn ?? '',
    restorePoint: args.restore_point ?? '',
    members: facts.members,
    now: args.now ?? '',
    isMore: args.archives_first === 'new' || (args.archives_first === 'all' && pgWal.length > 0),
  };
  const { full, ...said } = sentencesOf(fulls, stored, args.archives_first === 'all' ? pgWal : [], wanted);
  const free = facts.members.includes(args.host) ? facts.get(freeSpaceFact(args.into), args.host) : undefined;
  const room = full && free?.state === 'value' ? roomProblem(args.host, args.into, free.value, full) : '';
  const words = unseen.length > 0 ? SILENT : said;
  const held_by = seen.flatMap(({ host, looked }) =>
    looked.state === 'value' && looked.value.pgWal.includes(words.hole) ? [host] : [],
  );
  return { backup: full?.name ?? '', ...words, held_by, room, unseen };
}

function subjectOf({ path = ARCHIVE, gathered = GATHERED, data = DATA }: ReachFactsArgs) {
  return { archive: path, gathered, data };
}
