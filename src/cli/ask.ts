import { createInterface } from 'node:readline/promises';

/** Asks on the terminal; anything but `wanted` is no, and so is a question broken off. */
export async function ask(question: string, wanted: string, signal?: AbortSignal): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await prompt.question(question, { ...(signal && { signal }) });
    return answer.trim() === wanted;
  } catch {
    return false;
  } finally {
    prompt.close();
  }
}
