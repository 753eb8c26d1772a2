import { createInterface } from 'node:readline/promises';
import { mistake } from '../core/diagnostic.ts';

const QUESTION = 'Apply these changes? Type "yes": ';

/** Asks on the terminal; anything but "yes" is no. Without a terminal it fails and names the flag. */
export async function confirm(signal: AbortSignal): Promise<boolean> {
  const { stdin: input, stderr: output } = process;
  if (!input.isTTY || !output.isTTY)
    throw mistake('changes must be confirmed, and there is no terminal to ask on', {
      hint: 'read the plan above, then apply with --yes',
    });
  const prompt = createInterface({ input, output });
  try {
    return (await prompt.question(`\n${QUESTION}`, { signal })).trim() === 'yes';
  } catch {
    return false;
  } finally {
    prompt.close();
  }
}
