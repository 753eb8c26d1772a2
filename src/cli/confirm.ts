import { mistake } from '../core/diagnostic.ts';
import { ask } from './ask.ts';

const QUESTION = 'Apply these changes? Type "yes": ';

/** Asks on the terminal; anything but "yes" is no. Without a terminal it fails and names the flag. */
export async function confirm(signal: AbortSignal): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY)
    throw mistake('changes must be confirmed, and there is no terminal to ask on', {
      hint: 'read the plan above, then apply with --yes',
    });
  return ask(`\n${QUESTION}`, 'yes', signal);
}
