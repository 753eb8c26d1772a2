import type { RunEvent } from '../core/event.ts';
import { Activities } from './activity.ts';
import { duration } from './duration.ts';
import { lastingText, taskTitle } from './event-lines.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { RunbookProgress } from './runbook-progress.ts';
import { counted, harmless, linesOf } from './text.ts';

/** After so much silence of a running task a line says that it still runs. Milliseconds. */
const HEARTBEAT_MS = 30_000;

/** Shows a run line by line, for logs, pipes and -v: nothing is overwritten, no control characters. */
export function plainReporter(
  options: ReporterOptions & { readonly write: (text: string) => void },
): Reporter {
  const { paint, ticker, write, verbose, progress = new RunbookProgress() } = options;
  const activities = new Activities();
  const beats = new Map<string, number>();
  const isNews = newsOfWaits(ticker.now);
  const stop = ticker.every(1000, () => {
    for (const line of heartbeats(activities, beats, ticker.now())) write(`${paint('quiet', line)}\n`);
  });
  return {
    emit(event) {
      activities.take(event, ticker.now());
      progress.take(event, ticker.now());
      if ((event.type === 'status' || event.type === 'watching') && !isNews(event)) return;
      const text =
        progress.lasting(event, paint, ticker.now(), verbose) ??
        lastingText(event, paint, true) ??
        passingText(event, verbose);
      if (text !== undefined) write(`${text}\n`);
    },
    print: (text) => write(`${text}\n`),
    async close() {
      stop();
    },
  };
}

/** What a wait sees is told when it changes, and now and then when it does not. */
function newsOfWaits(
  now: () => number,
): (event: Extract<RunEvent, { type: 'status' | 'watching' }>) => boolean {
  const told = new Map<string, { seen: string; at: number }>();
  return (event) => {
    const seen = event.text.replace(/, \d+( of \d+)? s$/, '');
    const host = event.type === 'status' ? event.host : '';
    const last = told.get(host);
    if (last?.seen === seen && now() - last.at < HEARTBEAT_MS) return false;
    told.set(host, { seen, at: now() });
    return true;
  };
}

function passingText(event: RunEvent, verbose: boolean): string | undefined {
  switch (event.type) {
    case 'connecting':
    case 'connected':
      return verbose ? `[${event.host}] ${event.type}` : undefined;
    case 'looking':
      if (!verbose) return undefined;
      return `[${event.host}] looking at ${counted(event.facts, 'fact')}`;
    case 'begin':
      return `[${event.host}] ${taskTitle(event.task, event.item)}: ${harmless(event.display).replaceAll('\n', ' ')}`;
    case 'output':
      return prefixed(`[${event.host}] ${event.stream === 'stderr' ? '!' : '|'} `, event.text);
    case 'watching':
      return prefixed('waiting: ', event.text);
    case 'status':
      return prefixed(`[${event.host}] … `, event.text);
    default:
      return undefined;
  }
}

function prefixed(prefix: string, text: string): string | undefined {
  const lines = linesOf(text.replaceAll('\r\n', '\n')).map(
    (line) => line.split('\r').findLast((part) => part !== '') ?? '',
  );
  return lines.length === 0 ? undefined : lines.map((line) => prefix + harmless(line)).join('\n');
}

/** A line for each task that has been silent for another HEARTBEAT_MS. `beats` remembers when one was last due. */
function heartbeats(activities: Activities, beats: Map<string, number>, now: number): string[] {
  return activities.running().flatMap(([host, running]) => {
    const quietSince = Math.max(running.heard, beats.get(host) ?? 0);
    if (now - quietSince < HEARTBEAT_MS) return [];
    beats.set(host, now);
    const silent = `silent for ${duration(now - running.heard)}`;
    return [
      `[${host}] ${taskTitle(running.task, running.item)}: running for ${duration(now - running.since)}, ${silent}`,
    ];
  });
}
