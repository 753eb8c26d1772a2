import { mistake } from '../core/diagnostic.ts';
import type { Runbook, Step } from '../core/runbook.ts';
import { resources } from '../resources/registry.ts';
import { type Args, isSet } from './args.ts';
import { lostText } from './confirmations.ts';
import { hasTerminal, typed } from './prompt.ts';
import { type Range, waysBack } from './runbook-range.ts';

/** Has the operator say that the lost hosts are off; undefined when one was not confirmed. */
export async function confirmLost(
  { lost }: Runbook,
  given: readonly string[],
): Promise<{ readonly text: string; readonly how: 'typed' | 'option' }[] | undefined> {
  const confirmed: { text: string; how: 'typed' | 'option' }[] = [];
  for (const host of lost) {
    const text = lostText(host);
    if (given.includes(text)) confirmed.push({ text, how: 'option' });
    else if ((await typed(`\n${WARNING}\nTo go on without ${host}, type "${text}": `)) === text)
      confirmed.push({ text, how: 'typed' });
    else return undefined;
  }
  return confirmed;
}

/** `look`, `guard` and `verify` only read, and so do tasks that find out, compute or advise. */
function onlyLooks({ play, onFailure }: Step): boolean {
  return play.tasks.every(({ resource }) => LOOKING.has(resource)) && typeof onFailure === 'string';
}

const LOOKING = new Set(resources.filter((resource) => resource.onlyLooks).map(({ name }) => name));

const WARNING =
  'A host that is left out and runs all the same can lead a second cluster: its data would diverge.\n' +
  'Make sure that it is off, or cut off, and stays so.';

/** Asks once before anything begins that may change something. Without a terminal it fails and names the option. */
export async function confirmBeginning(args: Args, { undo, steps }: Range): Promise<boolean> {
  if (isSet(args, 'yes') || (undo ? waysBack(steps) : steps).every(onlyLooks)) return true;
  if (!hasTerminal())
    throw mistake('the beginning must be confirmed, and there is no terminal to ask on', {
      hint: 'read `fanops plan` for it, then run it with --yes',
    });
  const first = steps[0];
  const what = undo ? 'Go back' : `Begin with step ${first?.number ?? 1}`;
  return (await typed(`\n${what}? Type "yes": `)) === 'yes';
}
