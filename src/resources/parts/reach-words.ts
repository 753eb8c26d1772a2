// What is surely out of reach, one sentence each, for somebody who has to decide what to restore instead.
import {
  chosenFull,
  type Full,
  microseconds,
  placeOf,
  type Reach,
  reachOf,
  type StoredSegment,
  type Target,
} from './wal-reach.ts';

export type Wanted = Target & {
  readonly backup: string;
  /** latest, current, or a number. */
  readonly timeline: string;
  readonly restorePoint: string;
  readonly members: readonly string[];
  /** By the clock of the host that it is restored on; empty where nobody asked it. */
  readonly now: string;
  /** What is still to be archived may reach further than what is. */
  readonly isMore: boolean;
};

export type Sentences = {
  readonly none: string;
  readonly to_come: string;
  readonly too_early: string;
  readonly too_late: string;
  readonly missing: string;
  /** The first segment that is missing, where one of these sentences says so. */
  readonly hole: string;
};

export const SILENT: Sentences = {
  none: '',
  to_come: '',
  too_early: '',
  too_late: '',
  missing: '',
  hole: '',
};

/** A sidecar tells full seconds, and rounds down. */
const SECOND = 1_000_000;
const ANY: Target = { at: '', lsn: '' };

export function sentencesOf(
  fulls: readonly Full[],
  stored: readonly StoredSegment[],
  pgWal: readonly string[],
  wanted: Wanted,
): Sentences & { readonly full: Full | undefined } {
  // One that is not understood here is the restore's to refuse.
  if (wanted.at !== '' && Number.isNaN(microseconds(wanted.at))) return { ...SILENT, full: undefined };
  const full = chosenFull(ofTimeline(fulls, wanted.timeline), wanted.backup, wanted);
  // The clock is asked for full seconds, too: one that has begun may hold the moment.
  if (wanted.at !== '' && microseconds(wanted.at) >= microseconds(wanted.now) + SECOND) {
    const to_come = `${shown(wanted.at)} is still to come: it is ${shown(wanted.now)}`;
    return { ...SILENT, full, to_come };
  }
  // A file anywhere else is not looked for.
  if (!full && wanted.backup.includes('/')) return { ...SILENT, full };
  const none = full ? '' : notThere(fulls, wanted);
  // What belongs to a timeline that was left, only its history tells.
  if (none !== '' || wanted.timeline !== 'latest') return { ...SILENT, full, none };
  if (!full) return { ...SILENT, full, too_early: tooEarly(fulls, stored, pgWal, wanted) };
  const reach = reachOf(full, stored, pgWal);
  const said = wanted.at !== '' || wanted.lsn !== '' ? tooLate : tooShort;
  return { ...SILENT, full, ...said(fulls, full, reach, wanted) };
}

/** A timeline descends from lower ones only. */
function ofTimeline(fulls: readonly Full[], timeline: string): readonly Full[] {
  const number = Number(timeline);
  return Number.isNaN(number) ? fulls : fulls.filter((full) => full.timeline <= number);
}

function notThere(fulls: readonly Full[], { members, backup }: Wanted): string {
  const archives = `the archives of ${members.join(', ')}`;
  const newest = chosenFull(fulls, 'latest', ANY);
  if (!newest) return `no complete full backup is in ${archives}`;
  if (chosenFull(fulls, backup, ANY)) return '';
  return `${backup} is not in ${archives}; the newest there is ${placed(newest)}`;
}

/** Where backups are there, and none of them ended before the target. */
function tooEarly(
  fulls: readonly Full[],
  stored: readonly StoredSegment[],
  pgWal: readonly string[],
  { backup, at, lsn }: Wanted,
): string {
  const first = backup === 'latest' ? fulls.toSorted(byEnd)[0] : chosenFull(fulls, backup, ANY);
  if (!first) return '';
  const said = `${at === '' ? lsn : shown(at)} lies before the end, at ${first.stopLsn}, of ${backup === 'latest' ? 'the oldest backup' : backup}`;
  return `${said}. ${within(first, reachOf(first, stored, pgWal))}`;
}

function tooLate(
  fulls: readonly Full[],
  full: Full,
  reach: Reach,
  { at, lsn, backup, isMore }: Wanted,
): Partial<Sentences> {
  const { gap, until, end } = reach;
  const isLate =
    at === '' ? placeOf(lsn) > end : until !== '' && microseconds(at) >= microseconds(until) + SECOND;
  if (!isLate || (isMore && gap.length === 0)) return {};
  const said = `${at === '' ? lsn : shown(at)} lies after what the archived WAL reaches${gap.length === 0 ? '' : `: ${holeIn(reach)}`}`;
  const first = backup === 'latest' ? fulls.toSorted(byEnd)[0] : full;
  return { too_late: `${said}. ${within(first ?? full, reach)}`, hole: gap[0] ?? '' };
}

/** Where all there is is wanted. */
function tooShort(
  _: readonly Full[],
  full: Full,
  reach: Reach,
  { restorePoint }: Wanted,
): Partial<Sentences> {
  const { gap, last, until } = reach;
  if (gap.length === 0 || restorePoint !== '') return {};
  const end =
    last === '' ? 'no further than that' : `to ${last}${until === '' ? '' : `, archived ${shown(until)}`}`;
  return { missing: `${holeIn(reach)}. From ${placed(full)}, the WAL reaches ${end}`, hole: gap[0] ?? '' };
}

function within(first: Full, { last, until }: Reach): string {
  const end =
    last === '' ? 'its end' : `the end of ${last}${until === '' ? '' : `, archived ${shown(until)}`}`;
  return `In reach is what lies between the end of ${placed(first)}, and ${end}`;
}

function holeIn({ gap, after }: Reach): string {
  const [first = ''] = gap;
  const more = gap.length === 1 ? '' : ` and ${gap.length - 1} more, up to ${gap.at(-1)}`;
  return `no archive has the WAL segment ${first}${more}, though ${after} comes after it`;
}

function placed({ name, host, endedAt }: Full): string {
  return `${name} on ${host}, which ended ${shown(endedAt)}`;
}

function byEnd(a: Full, b: Full): number {
  return microseconds(a.endedAt) - microseconds(b.endedAt);
}

/** A tenth more than the backup's size, and a few segments: as restore-full.sh has it. */
export function roomProblem(host: string, into: string, free: number, full: Full): string {
  const wanted = Math.floor((full.plainSize * 11) / 10) + 4 * full.segmentSize;
  if (free >= wanted) return '';
  return `${host} has ${mebibytes(free)} MiB free where ${into} belongs, and about ${mebibytes(wanted)} MiB are needed to restore ${full.name} beside what is there`;
}

/** What a sidecar says; undefined where it lacks what is needed. */
export function fullFrom(host: string, sidecar: { readonly [field: string]: unknown }): Full | undefined {
  const of = (field: string): string => {
    const value = sidecar[field];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  const isWhole =
    /^[0-9A-F]{24}$/.test(of('last_wal')) &&
    /^[0-9A-F]+\/[0-9A-F]+$/.test(of('stop_lsn')) &&
    ['timeline', 'wal_segment_size', 'plain_size'].every((field) => /^[1-9]\d*$/.test(of(field))) &&
    !Number.isNaN(microseconds(of('ended_at')));
  if (!isWhole) return undefined;
  return {
    host,
    name: of('name'),
    endedAt: of('ended_at'),
    stopLsn: of('stop_lsn'),
    lastWal: of('last_wal'),
    timeline: Number(of('timeline')),
    role: of('role'),
    segmentSize: Number(of('wal_segment_size')),
    plainSize: Number(of('plain_size')),
  };
}

/** In UTC, to the second, rounded up: who types back when a backup ended is within its reach. */
function shown(moment: string): string {
  return `${new Date(Math.ceil(microseconds(moment) / SECOND) * 1000).toISOString().slice(0, 19).replace('T', ' ')} UTC`;
}

function mebibytes(bytes: number): number {
  return Math.floor(bytes / 1_048_576);
}
