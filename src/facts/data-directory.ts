import type { FactKind, FactRequest, Looked } from '../core/fact.ts';
import { lines, sh } from '../core/shell.ts';
import { ABSENT, byFirst, found, framesOf, unanswered, unreadable } from './frames.ts';
import { LAST_RECORD } from './last-record.ts';
import { PROLOGUE } from './stat.ts';

/** Which data directory, and where PostgreSQL's programs are. */
export type DataDirectorySubject = { readonly path: string; readonly bin: string };

/** What a data directory of PostgreSQL says of itself, whether or not a server runs on it. */
export interface DataDirectory {
  /** As pg_controldata has it: "in production", "shut down", "in archive recovery"… */
  readonly state: string;
  readonly systemIdentifier: string;
  readonly timeline: number;
  /** The latest checkpoint, and the end of recovery that must be reached ("0/0" outside of recovery). */
  readonly checkpoint: string;
  readonly minRecovery: string;
  /** Where the last whole record of pg_wal begins, and on which timeline; empty and 0 where none was found. */
  readonly lastRecord: string;
  readonly lastTimeline: number;
  /** The newest segment in pg_wal; empty when there is none. */
  readonly newestSegment: string;
  /** Files of pg_wal that wait for the archiver. */
  readonly unarchived: number;
  /** A server works on it. */
  readonly isRunning: boolean;
}

export const dataDirectory: FactKind<DataDirectorySubject, DataDirectory> = {
  name: 'data_directory',
  scope: 'host',
  // Four readings of the WAL, and the rest.
  timeoutMs: 120_000,

  look(subjects) {
    const words = subjects.flatMap(({ path, bin }) => [path, bin]);
    const script = lines(
      PROLOGUE,
      LAST_RECORD,
      sh`set -- ${words}`,
      sh`while [ $# -gt 0 ]; do d=$1 b=$2; shift 2`,
      sh`if [ -e "$d/global/pg_control" ]; then`,
      sh`c=$("$b/pg_controldata" -D "$d" 2>&1) || { printf 'bad\\0%s\\0%s\\0' "$d" "$c"; continue; }`,
      sh`w=$(ls "$d/pg_wal/" 2>/dev/null | grep -E '^[0-9A-F]{24}$' | tail -n 1)`,
      sh`l=$(last_record "$d" "$b" "$c" "$w") || { printf 'bad\\0%s\\0%s\\0' "$d" "the WAL in $d/pg_wal could not be read to its end in time: look again when the disk is less busy"; continue; }`,
      sh`r=$(ls "$d/pg_wal/archive_status/" 2>/dev/null | grep -c '\\.ready$')`,
      // A lock file may have outlived its server: it counts while that process stands in the directory.
      sh`p=$(head -n 1 "$d/postmaster.pid" 2>/dev/null) u=no`,
      sh`[ -z "$p" ] || [ "$(readlink "/proc/$p/cwd" 2>/dev/null)" != "$(readlink -f "$d")" ] || u=yes`,
      sh`printf 'data\\0%s\\0%s\\0%s\\0%s\\0%s\\0%s\\0' "$d" "$c" "$w" "$r" "$u" "$l"`,
      sh`elif e=$(find -H "$d" -mindepth 1 -maxdepth 1 -printf x -quit 2>&1); then`,
      sh`[ -z "$e" ] && printf 'none\\0%s\\0' "$d" || printf 'bad\\0%s\\0%s\\0' "$d" "$d holds no pg_control, but is not empty"`,
      sh`elif [ ! -e "$d" ] && [ -x "\${d%/*}/" ]; then printf 'none\\0%s\\0' "$d"`,
      sh`else printf 'bad\\0%s\\0%s\\0' "$d" "$e"`,
      sh`fi`,
      sh`done`,
    );
    return { kind: 'shell', script: script.text };
  },

  parse(answer, subjects) {
    const frames = framesOf(answer, { data: 6, none: 1, bad: 2 });
    const [data, none, bad] = (['data', 'none', 'bad'] as const).map((tag) => byFirst(frames, tag));
    return subjects.map(({ path }): Looked<DataDirectory> => {
      const fields = data?.get(path);
      if (fields) return dataOf(fields);
      const reason = bad?.get(path)?.[1];
      if (reason !== undefined) return unreadable(reason.trim().split('\n').at(-1) ?? reason);
      return none?.has(path) ? ABSENT : unanswered(answer, path);
    });
  },

  // The server itself changes it all the time.
  dependsOn: () => [{ on: 'anything' }],
};

function dataOf([
  path = '',
  control = '',
  segment = '',
  ready,
  running,
  last = '',
]: readonly string[]): Looked<DataDirectory> {
  const field = (name: string): string =>
    new RegExp(`^${name}: *(.*)$`, 'm').exec(control)?.[1]?.trim() ?? '';
  const systemIdentifier = field('Database system identifier');
  const checkpoint = field('Latest checkpoint location');
  if (systemIdentifier === '' || checkpoint === '')
    return unreadable(`pg_controldata said nothing of ${path} that could be understood`);
  const [lastTimeline = '', lastRecord = ''] = last.trim().split(' ');
  return found({
    state: field('Database cluster state'),
    systemIdentifier,
    timeline: Number(field("Latest checkpoint's TimeLineID")),
    checkpoint,
    minRecovery: field('Minimum recovery ending location'),
    lastRecord,
    lastTimeline: Number(lastTimeline),
    newestSegment: segment,
    unarchived: Number(ready),
    isRunning: running === 'yes',
  });
}

export function dataDirectoryFact(path: string, bin: string): FactRequest<DataDirectory> {
  return { kind: 'data_directory', subject: { path, bin } };
}
