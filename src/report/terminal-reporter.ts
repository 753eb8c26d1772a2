import { Activities } from './activity.ts';
import { lastingText } from './event-lines.ts';
import { LiveArea, type TerminalStream } from './live-area.ts';
import { liveRows } from './live-rows.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';
import { RunbookProgress } from './runbook-progress.ts';
import { cut } from './text.ts';

/** How often the live rows are brought up to date. Milliseconds. */
const REFRESH_MS = 200;

/** Shows a run on a terminal: what has happened above, what is happening in live rows below. */
export function terminalReporter(
  options: ReporterOptions & {
    readonly stream: TerminalStream;
    readonly colour: boolean;
  },
): Reporter {
  const { paint, ticker, stream, verbose, progress = new RunbookProgress() } = options;
  const activities = new Activities();
  const area = new LiveArea(stream, options.colour);
  const refresh = () => {
    const columns = stream.columns ?? 80;
    const own = progress.rows(ticker.now()).map((row) => cut(row, Math.max(20, columns - 6)));
    area.show([...own, ...liveRows(activities.hosts, ticker.now(), columns)]);
  };
  const stop = ticker.every(REFRESH_MS, refresh);
  return {
    emit(event) {
      activities.take(event, ticker.now());
      progress.take(event, ticker.now());
      const text =
        progress.lasting(event, paint, ticker.now(), verbose) ?? lastingText(event, paint, verbose);
      if (text !== undefined) area.print(text);
    },
    print: (text) => area.print(text),
    async close() {
      stop();
      await area.close();
    },
  };
}
