import { createInterface } from 'node:readline/promises';
import { onInterrupt } from './interrupts.ts';

export function hasTerminal(): boolean {
  return process.stdin.isTTY === true && process.stderr.isTTY === true;
}

/** What is typed on the terminal; undefined when it was interrupted, or there is no terminal. */
export async function typed(question: string): Promise<string | undefined> {
  if (!hasTerminal()) return undefined;
  const asking = new AbortController();
  const stop = () => asking.abort();
  const ignore = onInterrupt({ first: stop, second: stop, third: stop });
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question(question, { signal: asking.signal })).trim();
  } catch {
    return undefined;
  } finally {
    prompt.close();
    ignore();
  }
}
