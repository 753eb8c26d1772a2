import type { Outcome } from '../core/outcome.ts';

/** A run in a list. */
export interface ListedRun {
  readonly id: string;
  readonly at: string;
  readonly command: string;
  readonly who: string;
  readonly outcome: Outcome | 'open';
  readonly isResumable: boolean;
}

/** A run in a list of which nothing can be said. */
export interface UnreadableRun {
  readonly id: string;
  readonly why: string;
}

/** One line a run, the newest last, where the eye is. */
export function runListText(runs: readonly ListedRun[], unreadable: readonly UnreadableRun[] = []): string {
  if (runs.length + unreadable.length === 0) return 'no runs were recorded here\n';
  const told = runs.map(({ id, at, command, who, outcome, isResumable }) => [
    id,
    timeText(at),
    command,
    who,
    outcome === 'open' ? 'running, or its controller was killed' : outcome,
    isResumable ? `fanops resume ${id}` : '',
  ]);
  const untold = unreadable.map(({ id }) => [id, '', '', '', 'unreadable', '']);
  const rows = [...told, ...untold].sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  const widths = [0, 1, 2, 3, 4].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows
    .map((row) => `${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd())
    .map((line) => `${line}\n`)
    .join('');
}

/** `2026-11-26 03:12:05 UTC` */
export function timeText(iso: string): string {
  return `${iso.slice(0, 19).replace('T', ' ')} UTC`;
}
