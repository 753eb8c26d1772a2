import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { type Frame, found, framesOf, unanswered, unreadable } from './frames.ts';
import { type Sidecar, sidecarFrom } from './sidecar.ts';
import { PROLOGUE, STAT_ARITY, type Stat, statScript, statsOf } from './stat.ts';

/** A host's archive, where others' archives are gathered beside it, and the cluster's data directory. */
export type RestorableSubject = {
  readonly archive: string;
  readonly gathered: string;
  readonly data: string;
};

/** A stored segment with its sidecar. */
export interface Segment {
  readonly name: string;
  /** UTC, as its sidecar says; empty where it does not. */
  readonly archivedAt: string;
}

/** What a restore could take from this host: of its archive, of those gathered here, and of the data directory's pg_wal. */
export interface RestorableArchive {
  /** The sidecars of complete full backups, as they are. */
  readonly fulls: readonly Sidecar[];
  readonly segments: readonly Segment[];
  /** Names of pg_wal that are a segment's; what is recycled there bears the name of one that is still to come. */
  readonly pgWal: readonly string[];
}

// One field a line (docs/backup-format.md).
const ARCHIVED_AT = `
  /^  "archived_at": / { split($0, part, /"/); split(FILENAME, name, /[\\/.]+/); print "at", name[2], part[4] }`;
const STORED = '\\./[0-9A-F]{24}\\.gz';

/** Never absent: where there is no archive there is nothing in it. */
export const restorableArchive: FactKind<RestorableSubject, RestorableArchive> = {
  name: 'restorable_archive',
  scope: 'host',
  timeoutMs: 120_000,

  look(subjects) {
    const some = sh`find -L . -mindepth 1 -maxdepth 1 -regextype posix-extended -type f`;
    const words = subjects.flatMap(({ archive, gathered, data }) => [archive, gathered, data]);
    const script = lines(
      PROLOGUE,
      statScript(
        subjects.map(({ archive }) => archive),
        'follow',
      ),
      sh`set -- ${words}`,
      sh`while [ $# -gt 0 ]; do a=$1 g=$2 d=$3; shift 3; ok=yes`,
      sh`for q in "$a" "$g" "$g"/*; do`,
      sh`for s in "$q"/full/full_backup_*.tar.gz.json; do if [ -r "$s" ] && [ -f "\${s%.json}" ]; then printf 'full\\0%s\\0' "$a"; head -c 65536 -- "$s" | base64 -w 0; printf '\\0'; fi; done`,
      sh`[ -e "$q/wal" ] || { [ ! -e "$q" ] || [ -x "$q" ] || ok=; continue; }`,
      sh`l=$(cd "$q/wal" && ${some} -regex ${STORED} -printf 'there %f\\n' && ${some} -regex ${`${STORED}\\.json`} -printf 'sidecar %f\\n' -exec awk ${ARCHIVED_AT} {} +) || ok=`,
      sh`printf 'wal\\0%s\\0%s\\0' "$a" "$l"; done`,
      sh`w=$(ls "$d/pg_wal/" 2>/dev/null | grep -E '^[0-9A-F]{24}$')`,
      sh`[ -z "$ok" ] || printf 'seen\\0%s\\0%s\\0' "$a" "$w"`,
      sh`done`,
      sh`:`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ...STAT_ARITY, full: 2, wal: 2, seen: 2 });
    const archives = subjects.map(({ archive }) => archive);
    const stats = statsOf(frames, answer, archives);
    return archives.map((archive, index) => read(archive, stats[index] as Looked<Stat>, frames, answer));
  },

  // Besides the archives, the server itself changes pg_wal all the time.
  dependsOn: () => [{ on: 'anything' }],
};

export function restorableArchiveFact(subject: RestorableSubject): FactRequest<RestorableArchive> {
  return { kind: 'restorable_archive', subject };
}

function read(
  archive: string,
  looked: Looked<Stat>,
  frames: readonly Frame[],
  answer: Answer,
): Looked<RestorableArchive> {
  if (looked.state === 'unreadable') return looked;
  const of = (tag: string): string[] =>
    frames.filter((f) => f.tag === tag && f.fields[0] === archive).map(({ fields }) => fields[1] ?? '');
  const [pgWal] = of('seen');
  if (pgWal === undefined)
    return answer.status === 0
      ? unreadable(`${archive} and what is gathered beside it could not be read whole`)
      : unanswered(answer, archive);
  return found({
    fulls: of('full')
      .map(sidecarFrom)
      .filter((one) => one !== undefined),
    segments: of('wal').flatMap(segmentsFrom),
    pgWal: pgWal.split('\n').filter((name) => name !== ''),
  });
}

/** A segment without a sidecar is incomplete, and a sidecar alone says of nothing that it is there. */
function segmentsFrom(listed: string): Segment[] {
  const [there, sidecars, at] = [new Set<string>(), new Set<string>(), new Map<string, string>()];
  for (const line of listed.split('\n')) {
    const [what, file = '', moment = ''] = line.split(' ');
    const name = file.slice(0, 24);
    if (what === 'there') there.add(name);
    else if (what === 'sidecar') sidecars.add(name);
    else if (what === 'at') at.set(name, moment);
  }
  return [...there]
    .filter((name) => sidecars.has(name))
    .sort()
    .map((name) => ({ name, archivedAt: at.get(name) ?? '' }));
}
