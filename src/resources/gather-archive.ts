import { posix } from 'node:path';
import { blocked, type Change, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines, sh } from '../core/shell.ts';
import {
  type ArchiveListing,
  type Artefact,
  archiveListingFact,
  type Companion,
} from '../facts/archive-listing.ts';
import { replaceFile } from './parts/replace.ts';
import { absolutePath, accountName, object, oneOf, text } from './parts/schema.ts';

const KINDS = ['full', 'wal', 'blockchain', 'config'] as const;
type Kind = (typeof KINDS)[number];

export type GatherArchiveArgs = {
  readonly from: string;
  readonly path?: string;
  readonly from_path?: string;
  readonly gathered?: string;
  readonly kinds?: readonly Kind[];
  readonly owner?: string;
  readonly group?: string;
};

type Result = {
  readonly from: string;
  readonly copied: readonly string[];
  readonly incomplete: readonly string[];
};

type Gathering = { readonly due: readonly Artefact[]; readonly files: readonly Companion[] };

const ARCHIVE = '/var/backups/fanatico';
const GATHERED = '/var/lib/fanatico/gathered';
const TEXTS = { type: 'array', items: { type: 'string' } } as const;

export const gatherArchive: Resource<GatherArchiveArgs, Result> = {
  name: 'gather_archive',
  kind: 'action',
  scope: 'host',
  summary:
    "Backups and WAL of another host's archive that this host does not have are copied, with their sidecars, to where its restores look. Two different contents under one name are refused.",
  examples: [
    {
      title: 'What a restore on this host needs from another',
      yaml: `- name: Unite the archives
  gather_archive: { from: db2, kinds: [full, wal] }
`,
    },
  ],
  schema: object(
    {
      from: text('The host of the inventory whose archive it is; from itself nothing has to come.'),
      path: { ...absolutePath('The archive on this host.'), default: ARCHIVE },
      from_path: absolutePath('The archive on the other host, where it is not at the same place.'),
      gathered: {
        ...absolutePath('Where it goes, below a directory named for the host it comes from.'),
        default: GATHERED,
      },
      kinds: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: oneOf(KINDS, 'A kind of artefact.'),
        default: ['full', 'wal', 'blockchain'],
        description: 'What is copied.',
      },
      owner: { ...accountName('Who owns what comes, with mode 0600.'), default: 'postgres' },
      group: { ...accountName('The group it belongs to.'), default: 'postgres' },
    },
    ['from'],
  ),
  result: object(
    {
      from: text('The host it comes from.'),
      copied: { ...TEXTS, description: 'Artefacts that had to come, without their sidecars.' },
      incomplete: {
        ...TEXTS,
        description:
          'Artefacts there whose size is not the one in the sidecar, or that are gone: left where they are.',
      },
    },
    ['from', 'copied', 'incomplete'],
  ),
  identity: ['from', 'path', 'from_path', 'gathered'],
  address: ({ from, gathered = GATHERED }) => `gather_archive ${gathered}/${from}`,
  needs: ({ path = ARCHIVE, gathered = GATHERED }) => [
    archiveListingFact(path),
    archiveListingFact(gathered),
  ],
  needsElsewhere: (args) => [{ host: args.from, request: archiveListingFact(farArchive(args)) }],
  diff,
  commands: (args, { note }) => [commandFor(args, (note ?? []) as readonly Companion[])],
  touches: ({ gathered = GATHERED }) => [{ on: 'path', path: gathered }],
  registered: (args, _change, _outputs, facts) => {
    const seen = gathering(args, facts);
    return {
      from: args.from,
      copied: typeof seen === 'string' ? [] : seen.due.map(({ path }) => path),
      incomplete: sourceOf(args, facts)
        .artefacts.filter((one) => !isWhole(one))
        .map(({ path }) => path),
    };
  },
};

function diff(args: GatherArchiveArgs, facts: FactView): Change {
  const seen = gathering(args, facts);
  if (typeof seen === 'string') return blocked(seen);
  if (seen.files.length === 0) return NONE;
  const bytes = seen.files.reduce((sum, { size }) => sum + size, 0);
  const fields = KINDS.flatMap((kind) => {
    const names = seen.due.filter((one) => kindOf(one) === kind).map(({ path }) => posix.basename(path));
    return names.length === 0 ? [] : [{ field: kind, after: summary(names) }];
  });
  return {
    action: 'run',
    risk: 'changes',
    fields,
    reason: `copies ${seen.due.length} artefacts, ${(bytes / 1_048_576).toFixed(1)} MiB, from ${args.from}`,
    note: seen.files.map(({ path, size, sha256 }) => ({ path, size, sha256 })),
  };
}

/** What has to come, or why nothing may. */
function gathering(args: GatherArchiveArgs, facts: FactView): Gathering | string {
  const { from, path = ARCHIVE, gathered = GATHERED, kinds = ['full', 'wal', 'blockchain'] } = args;
  if (from === facts.host) return { due: [], files: [] };
  const far = farArchive(args);
  const theirs = facts.get(archiveListingFact(far), from);
  if (theirs.state === 'unreadable') return `could not look at ${far} on ${from}: ${theirs.reason}`;
  if (theirs.state === 'absent') return { due: [], files: [] };
  const ours: { readonly place: string; readonly listing: ArchiveListing }[] = [];
  for (const place of [path, gathered]) {
    const looked = facts.get(archiveListingFact(place));
    if (looked.state === 'unreadable') return `could not look at ${place}: ${looked.reason}`;
    if (looked.state === 'value') ours.push({ place, listing: looked.value });
  }
  const wanted = theirs.value.artefacts.filter((one) => kinds.includes(kindOf(one)) && isWhole(one));
  const problem = otherCluster(args, theirs.value, ours[0]?.listing) ?? conflicts(args, wanted, ours);
  if (problem !== undefined) return problem;
  const held = new Set(ours.flatMap(({ listing }) => listing.artefacts.filter(isWhole).map(keyOf)));
  const due = wanted.filter((one) => !held.has(keyOf(one)));
  const files = due.flatMap((one) => [one, ...one.companions]);
  const { cluster } = theirs.value;
  // A restore takes a directory for an archive, and what is not in it for absent, only where it says whose it is.
  return { due, files: cluster && files.length > 0 ? [cluster, ...files] : files };
}

function otherCluster(
  args: GatherArchiveArgs,
  theirs: ArchiveListing,
  ours: ArchiveListing | undefined,
): string | undefined {
  const [here, there] = [ours?.cluster?.systemIdentifier, theirs.cluster?.systemIdentifier];
  if (here === undefined || there === undefined || here === there) return undefined;
  return `${farArchive(args)} on ${args.from} is the archive of another system (${there}; here ${here}): move the wrong one aside`;
}

/** The first artefacts of one name with two contents; they are told apart by the plaintext, since encryption is salted. */
function conflicts(
  args: GatherArchiveArgs,
  wanted: readonly Artefact[],
  ours: readonly { readonly place: string; readonly listing: ArchiveListing }[],
): string | undefined {
  const byName = new Map(wanted.map((one) => [nameOf(one), one]));
  const found = ours.flatMap(({ place, listing }) =>
    listing.artefacts.flatMap((here) => {
      const there = byName.get(nameOf(here));
      if (!there || there.plainSha256 === here.plainSha256) return [];
      return [
        `${farArchive(args)}/${there.path} on ${args.from} (plaintext ${there.plainSha256}) and ${place}/${here.path} here (plaintext ${here.plainSha256})`,
      ];
    }),
  );
  if (found.length === 0) return undefined;
  const more = found.length > 1 ? `, and ${found.length - 1} more` : '';
  return `one name, two contents: ${found[0]}${more}; find out which is of this cluster's history, and move the other aside`;
}

function commandFor(args: GatherArchiveArgs, files: readonly Companion[]): Command {
  return {
    kind: 'transfer',
    from: args.from,
    files: files.map((file) => partFor(args, file)),
    display: `copy ${files.length} files from ${args.from}`,
  };
}

function partFor(args: GatherArchiveArgs, { path, size, sha256 }: Companion) {
  const { from, gathered = GATHERED, owner = 'postgres', group = 'postgres' } = args;
  const source = `${farArchive(args)}/${path}`;
  const at = `${gathered}/${from}/${path}`;
  const directories = [...new Set([gathered, `${gathered}/${from}`, posix.dirname(at)])];
  const script = lines(
    sh`install -d -m 0700 -o ${owner} -g ${group} -- ${directories}`,
    replaceFile({
      at,
      body: { sha256, size, stdin: { kind: 'file', path: source, sha256, size } },
      attributes: { owner, group, mode: '0600' },
    }),
  );
  return { path: source, size, into: script.text };
}

function farArchive({ path = ARCHIVE, from_path = path }: GatherArchiveArgs): string {
  return from_path;
}

function sourceOf(args: GatherArchiveArgs, facts: FactView): ArchiveListing {
  const looked = facts.get(archiveListingFact(farArchive(args)), args.from);
  return looked.state === 'value' ? looked.value : { artefacts: [] };
}

function isWhole({ found, size, sha256, plainSha256 }: Artefact): boolean {
  return found === size && sha256 !== '' && plainSha256 !== '';
}

/** Kind and file name, wherever it lies. */
function nameOf({ path }: Artefact): string {
  return path.split('/').slice(-2).join('/');
}

function keyOf(one: Artefact): string {
  return `${nameOf(one)} ${one.plainSha256}`;
}

function kindOf({ path }: Artefact): Kind {
  return path.split('/').at(-2) as Kind;
}

function summary(names: readonly string[]): string {
  return names.length === 1 ? `${names[0]}` : `${names.length}: ${names[0]} … ${names.at(-1)}`;
}
