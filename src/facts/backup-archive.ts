import type { Answer, FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { type Frame, found, framesOf, unreadable } from './frames.ts';
import { type Sidecar, sidecarFrom } from './sidecar.ts';
import { PROLOGUE, STAT_ARITY, type Stat, statScript, statsOf } from './stat.ts';

/** A full backup, as its name and its sidecar tell; without a sidecar it is not complete. */
export interface FullBackup {
  readonly name: string;
  /** Bytes, as stored. */
  readonly size: number;
  /** Absent where there is none, or none that can be read. */
  readonly sidecar?: Sidecar;
}

/** Archived WAL: names of segments, without ".gz"; empty where there are none. */
export interface ArchivedWal {
  readonly count: number;
  readonly oldest: string;
  readonly newest: string;
  /** When the last one was written. Seconds since 1970; 0 where there is none. */
  readonly newestAt: number;
}

/** What a host's archive holds (docs/backup-format.md). */
export interface BackupArchive {
  readonly fulls: readonly FullBackup[];
  readonly wal: ArchivedWal;
  /** The ids of the keys that the sidecars of full backups and WAL name, each once. */
  readonly keys: readonly string[];
  /** Bytes that are free where it is. */
  readonly free: number;
}

const SUMMARY = `
  { name = $1; sub(/\\.gz$/, "", name); count++
    if (count == 1 || name < oldest) oldest = name
    if (name > newest) newest = name
    if ($2 + 0 > at) at = $2 + 0 }
  END { printf "%d %s %s %d", count, count ? oldest : "-", count ? newest : "-", at }`;

// One field a line (docs/backup-format.md). What retention removes meanwhile is not missed.
const KEY_IDS = 's/^ *"key_id": "\\([^"]\\{1,\\}\\)".*/\\1/p';

/** Absent where the directory, which is the subject, is not there. */
export const backupArchive: FactKind<string, BackupArchive> = {
  name: 'backup_archive',
  scope: 'host',
  timeoutMs: 120_000,

  look(subjects) {
    const script = lines(
      PROLOGUE,
      statScript(subjects, 'follow'),
      sh`for p in ${subjects}; do [ -d "$p" ] && [ -r "$p" ] || continue`,
      sh`fulls=; [ ! -e "$p/full" ] || fulls=$p/full; wals=; [ ! -e "$p/wal" ] || wals=$p/wal; ok=yes`,
      sh`if [ -n "$fulls" ]; then`,
      sh`find -H "$fulls" -mindepth 1 -maxdepth 1 -type f -name 'full_backup_*.tar.gz' -printf ${'full\\0%H\\0%f\\0%s\\0'} 2>/dev/null || ok=`,
      sh`for s in "$fulls"/full_backup_*.tar.gz.json; do if [ -f "$s" ] && [ -r "$s" ]; then printf 'sidecar\\0%s\\0' "$s"; head -c 65536 -- "$s" | base64 -w 0; printf '\\0'; fi; done; fi`,
      sh`summary='0 - - 0'; if [ -n "$wals" ]; then`,
      sh`summary=$(find -H "$wals" -mindepth 1 -maxdepth 1 -type f -regextype posix-extended -regex '.*/[0-9A-F]{24}\\.gz' -printf '%f %T@\\n' 2>/dev/null | awk ${SUMMARY})`,
      sh`[ -r "$wals" ] || ok=; fi`,
      sh`keys=$(find -L "$p/full" "$p/wal" -mindepth 1 -maxdepth 1 -type f -name '*.gz.json' -exec sed -n ${KEY_IDS} {} + 2>/dev/null | sort -u | tr '\\n' ' ')`,
      sh`free=$(df -P -B 1 -- "$p" | awk 'NR == 2 { print $4 }')`,
      sh`[ -z "$ok" ] || printf 'archive\\0%s\\0%s\\0%s\\0%s\\0' "$p" "$summary" "$free" "$keys"`,
      sh`done`,
      sh`:`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { ...STAT_ARITY, full: 3, sidecar: 2, archive: 4 });
    const stats = statsOf(frames, answer, subjects);
    return subjects.map((subject, index) => read(subject, stats[index] as Looked<Stat>, frames, answer));
  },

  dependsOn: (subject) => [{ on: 'path', path: subject, below: true }],
};

export function backupArchiveFact(subject: string): FactRequest<BackupArchive> {
  return { kind: 'backup_archive', subject };
}

function read(
  subject: string,
  looked: Looked<Stat>,
  frames: readonly Frame[],
  answer: Answer,
): Looked<BackupArchive> {
  if (looked.state !== 'value') return looked;
  if (looked.value.type !== 'directory')
    return unreadable(`${subject} is a ${looked.value.type}, not a directory`);
  const archive = frames.find(({ tag, fields }) => tag === 'archive' && fields[0] === subject);
  if (!archive) return unreadable(`${subject} could not be read whole (exit status ${answer.status})`);
  const sidecars = new Map(frames.filter((f) => f.tag === 'sidecar').map((f) => [f.fields[0], f.fields[1]]));
  const fulls = frames
    .filter(({ tag, fields }) => tag === 'full' && fields[0] === `${subject}/full`)
    .map(({ fields: [folder, name = '', size] }): FullBackup => {
      const sidecar = sidecarFrom(sidecars.get(`${folder}/${name}.json`) ?? '');
      return { name, size: Number(size), ...(sidecar ? { sidecar } : {}) };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const [count, oldest = '-', newest = '-', at] = (archive.fields[1] ?? '').split(' ');
  const named = (name: string): string => (name === '-' ? '' : name);
  return found({
    fulls,
    wal: {
      count: Number(count),
      oldest: named(oldest),
      newest: named(newest),
      newestAt: Number(at),
    },
    keys: (archive.fields[3] ?? '').split(' ').filter((id) => id !== ''),
    free: Number(archive.fields[2]),
  });
}
