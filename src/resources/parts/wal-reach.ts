// How far WAL reaches from a backup, as names and sidecars alone tell it. Without the history of timelines and without reading a segment
// it can only say what is surely not so: a segment that no timeline has is missing whatever the path, and no commit is later than when its
// segment was archived. What it lets pass, restore-full.sh looks into.

/** A full backup as its sidecar has it, and whose archive it is in. */
export interface Full {
  readonly host: string;
  readonly name: string;
  readonly endedAt: string;
  readonly stopLsn: string;
  readonly lastWal: string;
  readonly timeline: number;
  readonly role: string;
  readonly segmentSize: number;
  readonly plainSize: number;
}

export interface StoredSegment {
  readonly name: string;
  readonly archivedAt: string;
}

/** What the operator wants to come to; nothing: the end of the WAL. */
export interface Target {
  readonly at: string;
  readonly lsn: string;
}

export interface Reach {
  /** The segments that no archive has, though one after them is there: of the first such gap. */
  readonly gap: readonly string[];
  /** The segment that comes after the gap. */
  readonly after: string;
  /** The last one before the gap, or of all; empty where nothing but the backup is there. */
  readonly last: string;
  /** When that was archived, or when the backup ended: no commit up to there is later. Empty where it is not known. */
  readonly until: string;
  /** The end of what is there, a place in the WAL as a number. */
  readonly end: number;
}

/** The newest of that name, or the newest that ended before the target; undefined where none did. */
export function chosenFull(fulls: readonly Full[], backup: string, target: Target): Full | undefined {
  const named = backup
    .replace(/\.enc$/, '')
    .split('/')
    .at(-1);
  return fulls
    .filter((full) => backup === 'latest' || full.name === named)
    .filter(({ endedAt }) => target.at === '' || microseconds(endedAt) <= microseconds(target.at))
    .filter(({ stopLsn }) => target.lsn === '' || placeOf(stopLsn) <= placeOf(target.lsn))
    .sort((a, b) => (a.name < b.name ? 1 : -1))[0];
}

/** `pgWal`: segments that will be archived before the restore; they fill a gap. */
export function reachOf(full: Full, stored: readonly StoredSegment[], pgWal: readonly string[]): Reach {
  const { segmentSize: size } = full;
  const here = stored.filter(({ name }) => timelineOf(name) >= full.timeline);
  const byNumber = Map.groupBy(here, ({ name }) => numberOf(name, size));
  const also = new Set(pgWal.map((name) => numberOf(name, size)));
  const newest = highest(
    full.timeline,
    here.map(({ name }) => timelineOf(name)),
  );
  const high = highest(
    numberOf(full.lastWal, size) - 1,
    here.filter(({ name }) => timelineOf(name) === newest).map(({ name }) => numberOf(name, size)),
  );
  // What a leader's backup ends with is in the backup itself.
  const first = numberOf(full.lastWal, size) + (full.role === 'leader' ? 1 : 0);
  const isThere = (number: number): boolean => byNumber.has(number) || also.has(number);
  let low = first;
  while (low <= high && isThere(low)) low += 1;
  let next = low;
  while (next <= high && !isThere(next)) next += 1;
  const before = [...byNumber]
    .filter(([number]) => number < low && number >= first - 1)
    .flatMap(([, all]) => all);
  return {
    gap: range(low, next).map((number) => nameOf(timelineBefore(before, full, number, size), number, size)),
    after: byNumber.get(next)?.at(-1)?.name ?? nameOf(newest, next, size),
    last: before.sort((a, b) => numberOf(a.name, size) - numberOf(b.name, size)).at(-1)?.name ?? '',
    // When what only pg_wal has was written, nobody knows.
    until: range(first, low).every((number) => byNumber.has(number))
      ? latest([full.endedAt, ...before.map(({ archivedAt }) => archivedAt)])
      : '',
    end: low * size,
  };
}

/** Microseconds since 1970; without an offset UTC. NaN where it is no moment. */
export function microseconds(moment: string): number {
  const [, day, time, fraction = '', offset = 'Z'] =
    /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(\.\d{1,6})?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/.exec(moment) ?? [];
  const from = offset === 'Z' ? 'Z' : offset.replace(/^(...)$/, '$1:00').replace(/^(...)(\d\d)$/, '$1:$2');
  return Date.parse(`${day}T${time}${from}`) * 1000 + Math.round(Number(`0${fraction}`) * 1e6);
}

/** A place in the WAL as a number: exact up to 8 PiB. */
export function placeOf(lsn: string): number {
  const [high = '0', low = '0'] = lsn.split('/');
  return Number.parseInt(high, 16) * 2 ** 32 + Number.parseInt(low, 16);
}

/** The how-manieth segment it is, whatever its timeline. */
function numberOf(name: string, size: number): number {
  return Number.parseInt(name.slice(8, 16), 16) * (2 ** 32 / size) + Number.parseInt(name.slice(16, 24), 16);
}

function timelineOf(name: string): number {
  return Number.parseInt(name.slice(0, 8), 16);
}

function nameOf(timeline: number, number: number, size: number): string {
  const perLog = 2 ** 32 / size;
  return [timeline, Math.floor(number / perLog), number % perLog]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('');
}

/** The newest timeline that was there just before. */
function timelineBefore(before: readonly StoredSegment[], full: Full, number: number, size: number): number {
  const lower = before
    .filter(({ name }) => numberOf(name, size) < number)
    .map(({ name }) => timelineOf(name));
  return highest(full.timeline, lower);
}

/** Of any number of them: Math.max takes no more arguments than the stack holds. */
function highest(least: number, numbers: readonly number[]): number {
  return numbers.reduce((most, one) => Math.max(most, one), least);
}

function latest(moments: readonly string[]): string {
  if (moments.some((moment) => Number.isNaN(microseconds(moment)))) return '';
  return [...moments].sort((a, b) => microseconds(a) - microseconds(b)).at(-1) ?? '';
}

function range(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => from + index);
}
