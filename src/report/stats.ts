import { duration } from './duration.ts';

/** What one host's connection cost. `waits`: how often we waited for an answer, connecting included. */
export interface HostStats {
  readonly host: string;
  readonly waits: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
}

/** The table of `--stats`: per host waits and bytes, and the seconds that all took together. */
export function statsText(stats: readonly HostStats[], elapsedMs: number): string {
  const rows = [
    ['host', 'waits', 'sent', 'received'],
    ...stats
      .toSorted(byHost)
      .map((s) => [s.host, String(s.waits), bytes(s.bytesSent), bytes(s.bytesReceived)]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '),
  );
  return [...lines, `total: ${duration(elapsedMs)}`].join('\n');
}

function pad(cell: string, width: number, column: number): string {
  return column === 0 ? cell.padEnd(width) : cell.padStart(width);
}

/** `512 B`, `1.5 KiB`, `20.0 MiB`. */
function bytes(count: number): string {
  if (count < 1024) return `${count} B`;
  const kib = count / 1024;
  return kib < 1024 ? `${kib.toFixed(1)} KiB` : `${(kib / 1024).toFixed(1)} MiB`;
}

function byHost(a: HostStats, b: HostStats): number {
  return a.host.localeCompare(b.host, 'en', { numeric: true });
}
