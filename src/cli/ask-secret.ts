import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { mistake } from '../core/diagnostic.ts';
import { Secret } from '../core/secret.ts';

/** Asks on the terminal without showing what is typed. `instead` says what gives it where there is no terminal. */
export async function askSecret(question: string, instead: string): Promise<Secret> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw mistake(`${question}: there is no terminal to ask on`, { hint: instead });
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  // Only now: whoever answers at once would see it echoed.
  process.stderr.write(`${question}: `);
  const interrupted = new AbortController();
  prompt.once('SIGINT', () => interrupted.abort());
  try {
    return Secret.open(await prompt.question('', { signal: interrupted.signal }));
  } catch (cause) {
    throw mistake(`${question}: nothing was typed`, { hint: String(cause) });
  } finally {
    prompt.close();
    process.stderr.write('\n');
  }
}
