import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { type Frame, found, framesOf, unreadable } from './frames.ts';
import { PROLOGUE, STAT_ARITY, type Stat, statScript, statsOf } from './stat.ts';

/** A file beside an artefact, with the checksum of its own bytes. */
export type Companion = { readonly path: string; readonly size: number; readonly sha256: string };

/** A stored artefact whose sidecar is there; all paths are below the directory that was looked at. */
export interface Artefact {
  readonly path: string;
  /** Bytes, as found; -1 where the file itself is missing. */
  readonly found: number;
  /** As the sidecar has it, of the stored bytes and of their plaintext. */
  readonly size: number;
  readonly sha256: string;
  readonly plainSha256: string;
  /** `.sha256` where there is one, then the sidecar. */
  readonly companions: readonly Companion[];
}

export interface ArchiveListing {
  readonly artefacts: readonly Artefact[];
  /** CLUSTER.json of the archive itself. */
  readonly cluster?: Companion & { readonly systemIdentifier: string };
}

/** An archive, or a directory that holds one for each host; what else lies there means nothing to a restore. */
const NAMES =
  '\\./(CLUSTER\\.json|([A-Za-z0-9._-]+/)?(full|wal|blockchain|config)/[A-Za-z0-9][A-Za-z0-9._]*\\.(gz|json|sha256))';

// Sidecars are written one field a line (docs/backup-format.md).
const FIELDS = `
  /^  "(size|sha256|plain_sha256|system_identifier)": / {
    split($0, part, /"/); value = $2; gsub(/[",]/, "", value); print "field", FILENAME, part[2], value }`;

/** The artefacts of archives with what their sidecars say; absent where the directory is not there. */
export const archiveListing: FactKind<string, ArchiveListing> = {
  name: 'archive_listing',
  scope: 'host',
  timeoutMs: 120_000,

  look(subjects) {
    const some = sh`find -L . -mindepth 1 -maxdepth 3 -regextype posix-extended -regex ${NAMES} -type f`;
    const script = lines(
      PROLOGUE,
      statScript(subjects, 'follow'),
      sh`for p in ${subjects}; do [ -d "$p" ] || continue`,
      sh`l=$(cd "$p" 2>/dev/null && ${some} -printf 'file %p %s\\n' 2>/dev/null && ${some} ! -name '*.gz' -exec sha256sum {} + 2>/dev/null && ${some} -name '*.json' -exec awk ${FIELDS} {} + 2>/dev/null) && printf 'listing\\0%s\\0%s\\0' "$p" "$l"`,
      sh`done`,
      sh`:`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ...STAT_ARITY, listing: 2 });
    const stats = statsOf(frames, answer, subjects);
    return subjects.map((subject, index) => read(subject, stats[index] as Looked<Stat>, frames, answer));
  },

  dependsOn: (subject) => [{ on: 'path', path: subject, below: true }],
};

export function archiveListingFact(subject: string): FactRequest<ArchiveListing> {
  return { kind: 'archive_listing', subject };
}

function read(
  subject: string,
  looked: Looked<Stat>,
  frames: readonly Frame[],
  answer: Answer,
): Looked<ArchiveListing> {
  if (looked.state !== 'value') return looked;
  if (looked.value.type !== 'directory')
    return unreadable(`${subject} is a ${looked.value.type}, not a directory`);
  const listing = frames.find(({ tag, fields }) => tag === 'listing' && fields[0] === subject);
  if (!listing) return unreadable(`${subject} could not be read whole (exit status ${answer.status})`);
  return found(listingFrom(listing.fields[1] ?? ''));
}

function listingFrom(listed: string): ArchiveListing {
  const sizes = new Map<string, number>();
  const sums = new Map<string, string>();
  const said = new Map<string, string>();
  for (const line of listed.split('\n')) {
    const [first = '', second = '', third = '', fourth = ''] = line.split(/ +/);
    if (first === 'file') sizes.set(below(second), Number(third));
    else if (first === 'field') said.set(`${below(second)} ${third}`, fourth);
    else if (first !== '') sums.set(below(second), first);
  }
  const companion = (path: string): Companion[] => {
    const sha256 = sums.get(path);
    return sha256 === undefined ? [] : [{ path, size: sizes.get(path) ?? 0, sha256 }];
  };
  const artefacts = [...sizes.keys()]
    .filter((path) => path.endsWith('.gz.json'))
    .sort()
    .map((sidecar): Artefact => {
      const path = sidecar.slice(0, -'.json'.length);
      return {
        path,
        found: sizes.get(path) ?? -1,
        size: Number(said.get(`${sidecar} size`) ?? -2),
        sha256: said.get(`${sidecar} sha256`) ?? '',
        plainSha256: said.get(`${sidecar} plain_sha256`) ?? '',
        companions: [...companion(`${path}.sha256`), ...companion(sidecar)],
      };
    });
  const [cluster] = companion('CLUSTER.json');
  const systemIdentifier = said.get('CLUSTER.json system_identifier') ?? '';
  return { artefacts, ...(cluster ? { cluster: { ...cluster, systemIdentifier } } : {}) };
}

function below(path: string): string {
  return path.replace(/^\.\//, '');
}
