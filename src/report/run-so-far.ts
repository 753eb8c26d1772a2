import type { ItemEnded, Recorded } from '../core/journal.ts';
import { taskTitle } from './event-lines.ts';
import { counted } from './text.ts';

/** How far each host had come, for whoever takes the run up. */
export function soFarText(run: string, entries: readonly Recorded[]): string {
  const ends = entries.filter((entry): entry is ItemEnded & { at: string } => entry.type === 'item-ended');
  const hosts = [...Map.groupBy(ends, (end) => end.id.host)].sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = hosts.map(([host, own]) => {
    const last = own.at(-1);
    const where = last === undefined ? '' : `; last: ${taskTitle(last.task, last.label)}: ${last.outcome}`;
    return `  ${host}: ${counted(own.length, 'end')} recorded${where}`;
  });
  const what = lines.length === 0 ? ['  nothing had ended yet'] : lines;
  return [`\ntaking up run ${run}: what ended is not done again`, ...what, '', ''].join('\n');
}
