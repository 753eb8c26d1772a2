import { Activities } from './activity.ts';
import { lastingText } from './event-lines.ts';
import { LiveArea, type TerminalStream } from './live-area.ts';
import { liveRows } from './live-rows.ts';
import type { Reporter, ReporterOptions } from './reporter.ts';

/** How often the live rows are brought up to date. Milliseconds. */
const REFRESH_MS = 200;

/** Shows a run on a terminal: what has happened above, what is happening in live rows below. */
export function terminalReporter(
  options: ReporterOptions & {
    readonly stream: TerminalStream;
    readonly colour: boolean;
  },
): Reporter {
  const { paint, ticker, stream, verbose } = options;
  const activities = new Activities();
  const area = new LiveArea(stream, options.colour);
  const refresh = () => area.show(liveRows(activities.hosts, ticker.now(), stream.columns ?? 80));
  const stop = ticker.every(REFRESH_MS, refresh);
  return {
    emit(event) {
      activities.take(event, ticker.now());
      const text = lastingText(event, paint, verbose);
      if (text !== undefined) area.print(text);
    },
    print: (text) => area.print(text),
    async close() {
      stop();
      await area.close();
    },
  };
}
