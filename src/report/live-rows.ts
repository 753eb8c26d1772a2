import type { Activity, Running } from './activity.ts';
import { duration } from './duration.ts';
import { taskTitle } from './event-lines.ts';
import { hostNames } from './host-names.ts';
import { counted, cut } from './text.ts';

/** With more hosts than this they are summed up instead of getting a row each. */
const MOST_ROWS = 20;
/** Of many hosts, so many are still shown one by one: those that run longest. */
const LONGEST = 5;
/** Silence of a running task is worth a word from here on. Milliseconds. */
const SILENT_MS = 10_000;

/** The live part of the screen: a row per host, the last line of output below it. `now` as in Activities. */
export function liveRows(hosts: ReadonlyMap<string, Activity>, now: number, columns: number): string[] {
  const rows = hosts.size > MOST_ROWS ? summedUp(hosts, now) : oneByOne(hosts, now);
  return rows.map((row) =>
    row
      .split('\n')
      .map((line) => cut(line, Math.max(20, columns - 6)))
      .join('\n'),
  );
}

function oneByOne(hosts: ReadonlyMap<string, Activity>, now: number): string[] {
  // An unreachable host has its lasting line already, and nothing goes on there.
  const shown = [...hosts].filter(([, activity]) => activity.kind !== 'unreachable');
  const width = Math.max(0, ...shown.map(([host]) => host.length));
  return shown.map(([host, activity]) => `${host.padEnd(width)}  ${activityText(activity, now)}`);
}

function summedUp(hosts: ReadonlyMap<string, Activity>, now: number): string[] {
  const kinds = Map.groupBy(hosts, ([, activity]) => activity.kind);
  const counts = [...kinds].map(([kind, of]) => `${of.length} ${kind}`).sort();
  const lost = kinds.get('unreachable')?.map(([host]) => host) ?? [];
  const named = lost.length === 0 ? '' : ` (unreachable: ${hostNames(lost)})`;
  const longest = [...hosts]
    .filter((entry): entry is [string, Running] => entry[1].kind === 'running')
    .sort(([, a], [, b]) => a.since - b.since)
    .slice(0, LONGEST);
  return [`${counted(hosts.size, 'host')}: ${counts.join(', ')}${named}`, ...oneByOne(new Map(longest), now)];
}

function activityText(activity: Activity, now: number): string {
  if (activity.kind === 'looking') return `looking at ${counted(activity.facts, 'fact')}`;
  if (activity.kind !== 'running') return activity.kind;
  const { task, item, since, heard, last } = activity;
  const silent = now - heard >= SILENT_MS ? `  silent for ${duration(now - heard)}` : '';
  return `${taskTitle(task, item)}  ${duration(now - since)}${silent}${last === '' ? '' : `\n› ${last}`}`;
}
