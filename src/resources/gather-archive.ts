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
import { freeSpaceFact } from '../facts/free-space.ts';
import { type Forgetting, forgetting, forgettingScript, isWhole, keyOf, nameOf } from './parts/gathered.ts';
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
  readonly state?: 'present' | 'absent';
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
    "Backups and WAL of another host's archive that this host does not have are copied, with their sidecars, to where its restores look; what is archived there between plan and run comes along. Two different contents under one name are refused.",
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
      state: {
        ...oneOf(
          ['present', 'absent'],
          'Whether it comes, or what came goes again: only what that host still holds whole, with the same content.',
        ),
        default: 'present',
      },
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
    freeSpaceFact(gathered),
  ],
  needsElsewhere: (args) => [{ host: args.from, request: archiveListingFact(farArchive(args)) }],
  diff,
  commands: (args, { note }) =>
    args.state === 'absent'
      ? [forgettingCommand(args, note as unknown as Forgetting)]
      : commandsFor(args, (note ?? []) as readonly Companion[]),
  touches: ({ gathered = GATHERED }) => [{ on: 'path', path: gathered }],
  registered: (args, _change, _outputs, facts) => {
    const seen = args.state === 'absent' ? '' : gathering(args, facts);
    return {
      from: args.from,
      copied: typeof seen === 'string' ? [] : seen.due.map(({ path }) => path),
      incomplete: incompleteOn(args, facts),
    };
  },
};

function diff(args: GatherArchiveArgs, facts: FactView): Change {
  if (args.state === 'absent') return forget(args, facts);
  const seen = gathering(args, facts);
  if (typeof seen === 'string') return blocked(seen);
  const incomplete = incompleteOn(args, facts);
  const left =
    incomplete.length === 0 ? [] : [{ field: `incomplete on ${args.from}`, after: summary(incomplete) }];
  if (seen.files.length === 0) {
    if (left.length === 0) return NONE;
    return {
      action: 'run',
      risk: 'reads',
      fields: left,
      reason: `nothing whole has to come from ${args.from}`,
    };
  }
  const bytes = seen.files.reduce((sum, { size }) => sum + size, 0);
  const fields = KINDS.flatMap((kind) => {
    const names = seen.due.filter((one) => kindOf(one) === kind).map(({ path }) => posix.basename(path));
    return names.length === 0 ? [] : [{ field: kind, after: summary(names) }];
  });
  const free = facts.get(freeSpaceFact(args.gathered ?? GATHERED));
  if (free.state === 'value' && free.value < bytes)
    return blocked(
      `what ${args.from} alone holds takes ${mebibytes(bytes)}, and ${args.gathered ?? GATHERED} has ${mebibytes(free.value)} free: make room, or give another target`,
    );
  return {
    action: 'run',
    risk: 'changes',
    fields: [...fields, ...left],
    reason: `copies ${seen.due.length} artefacts, ${mebibytes(bytes)}, from ${args.from}`,
    grows: true,
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

function commandsFor(args: GatherArchiveArgs, files: readonly Companion[]): Command[] {
  if (files.length === 0) return [];
  const copy: Command = {
    kind: 'transfer',
    from: args.from,
    files: files.map((file) => partFor(args, file)),
    display: `copy ${files.length} files from ${args.from}`,
  };
  return [copy];
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

/** What came from there goes again, where it is still held there. */
function forget(args: GatherArchiveArgs, facts: FactView): Change {
  const { from, gathered = GATHERED } = args;
  const ours = facts.get(archiveListingFact(gathered));
  if (ours.state === 'unreadable') return blocked(`could not look at ${gathered}: ${ours.reason}`);
  const theirs = facts.get(archiveListingFact(farArchive(args)), from);
  if (theirs.state === 'unreadable')
    return blocked(`could not look at ${farArchive(args)} on ${from}: ${theirs.reason}; nothing is removed`);
  const came =
    ours.state === 'value' ? ours.value.artefacts.filter((one) => one.path.startsWith(`${from}/`)) : [];
  const found = forgetting(came, theirs.state === 'value' ? theirs.value.artefacts : []);
  if (found.files.length === 0) return NONE;
  return {
    action: 'run',
    risk: 'changes',
    fields: found.kept.length === 0 ? [] : [{ field: 'kept', after: summary(found.kept) }],
    reason: `removes ${found.count} artefacts that ${from} holds itself; keeps ${found.kept.length} that it does not hold any more`,
    note: { count: found.count, files: [...found.files], kept: [...found.kept] },
  };
}

function forgettingCommand({ from, gathered = GATHERED }: GatherArchiveArgs, found: Forgetting): Command {
  return {
    kind: 'shell',
    script: forgettingScript(gathered, from, found).text,
    display: `remove ${found.count} artefacts from ${gathered}/${from}`,
    timeoutMs: 600_000,
  };
}

function incompleteOn(args: GatherArchiveArgs, facts: FactView): readonly string[] {
  return sourceOf(args, facts)
    .artefacts.filter((one) => !isWhole(one))
    .map(({ path }) => path);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MiB`;
}

function farArchive({ path = ARCHIVE, from_path = path }: GatherArchiveArgs): string {
  return from_path;
}

function sourceOf(args: GatherArchiveArgs, facts: FactView): ArchiveListing {
  const looked = facts.get(archiveListingFact(farArchive(args)), args.from);
  return looked.state === 'value' ? looked.value : { artefacts: [] };
}

function kindOf({ path }: Artefact): Kind {
  return path.split('/').at(-2) as Kind;
}

function summary(names: readonly string[]): string {
  return names.length === 1 ? `${names[0]}` : `${names.length}: ${names[0]} … ${names.at(-1)}`;
}
