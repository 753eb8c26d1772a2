import { plainPaint } from '../report/paint.ts';
import { plainReporter } from '../report/plain-reporter.ts';
import { type Reporter, realTicker } from '../report/reporter.ts';
import type { RunbookProgress } from '../report/runbook-progress.ts';
import { type Args, isSet } from './args.ts';
import type { Console } from './console.ts';

/** Live rows on a terminal; line by line into files and pipes, and where -v wants to see everything. */
export async function openReporter(
  args: Args,
  console: Console,
  progress?: RunbookProgress,
): Promise<Reporter> {
  const verbose = isSet(args, 'verbose');
  const options = { paint: console.paintErr, ticker: realTicker, verbose, ...(progress && { progress }) };
  if (!process.stderr.isTTY || verbose || process.env.TERM === 'dumb')
    return plainReporter({ ...options, write: (text) => console.err(text) });
  const { terminalReporter } = await import('../report/terminal-reporter.ts');
  return terminalReporter({ ...options, stream: process.stderr, colour: options.paint !== plainPaint });
}
