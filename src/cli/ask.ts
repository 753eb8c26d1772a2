import { createInterface } from 'node:readline/promises';

/** Asks on the terminal; undefined when the question is broken off. */
export async function askFor(question: string, signal?: AbortSignal): Promise<string | undefined> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await prompt.question(question, { ...(signal && { signal }) })).trim();
  } catch {
    return undefined;
  } finally {
    prompt.close();
  }
}

/** Asks on the terminal; anything but `wanted` is no, and so is a question broken off. */
export async function ask(question: string, wanted: string, signal?: AbortSignal): Promise<boolean> {
  return (await askFor(question, signal)) === wanted;
}
