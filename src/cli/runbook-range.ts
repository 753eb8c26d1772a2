import { type Diagnostic, InputError, mistake } from '../core/diagnostic.ts';
import type { Runbook, Step } from '../core/runbook.ts';
import { missingRegisters } from '../engine/runbook-from.ts';
import { didYouMean } from '../language/nearest.ts';
import { type Args, isSet, lastOf } from './args.ts';
import { hasTerminal } from './prompt.ts';

/** Which steps are done (or taken back). */
export interface Range {
  readonly from: number;
  readonly undo: boolean;
  /** In the order in which they are written; those after `--until` are left for another time. */
  readonly steps: readonly Step[];
  /** The last step that is done now. */
  readonly until: number;
}

/** What --from, --undo and --step ask for. Throws an InputError where it would be unsafe, or cannot be. */
export function rangeOf(args: Args, runbook: Runbook): Range {
  const [from, undo] = [lastOf(args, 'from'), lastOf(args, 'undo')];
  if (from !== undefined && undo !== undefined)
    throw mistake('--from and --undo exclude each other', {
      hint: '--undo STEP goes back from STEP to the first',
    });
  if (isSet(args, 'of') && undo === undefined)
    throw mistake('--of names the run to take back, and nothing is taken back', { hint: 'add --undo STEP' });
  if (undo !== undefined && isSet(args, 'until'))
    throw mistake('--until and --undo exclude each other', {
      hint: '--undo STEP goes back from STEP to the first',
    });
  if (isSet(args, 'step') && !hasTerminal())
    throw mistake('--step asks before each step, and there is no terminal to ask on', {
      hint: 'run it with --yes, or on a terminal',
    });
  if (undo !== undefined) {
    const last = stepNamed(runbook, undo, '--undo').number;
    return { from: 1, until: last, undo: true, steps: runbook.steps.filter(({ number }) => number <= last) };
  }
  const until = untilOf(args, runbook);
  const first = from === undefined ? 1 : stepNamed(runbook, from, '--from').number;
  if (until < first)
    throw mistake(`--until ${until} lies before step ${first}, with which the run begins`, {
      hint: 'name a step that is still to be done',
    });
  refuseMissing(runbook, first);
  const steps = runbook.steps.filter(({ number }) => number >= first && number <= until);
  return { from: first, until, undo: false, steps };
}

/** The number of the last step that is to be done: of all of them, unless --until says another. */
export function untilOf(args: Args, runbook: Runbook): number {
  const until = lastOf(args, 'until');
  return until === undefined ? runbook.steps.length : stepNamed(runbook, until, '--until').number;
}

/** What takes steps back, where there is something. */
export function waysBack(steps: readonly Step[]): readonly Step[] {
  return steps.map(({ undo }) => undo).filter((undo) => undo !== undefined);
}

/** By number, or by name. */
function stepNamed({ steps }: Runbook, asked: string, option: string): Step {
  const found = steps.find(({ number, name }) => String(number) === asked || name === asked);
  if (found) return found;
  const hint = didYouMean(
    asked,
    steps.map(({ name }) => name),
    'steps',
  );
  throw mistake(`${option}: there is no step \`${asked}\``, {
    hint: hint ?? `steps are 1 to ${steps.length}`,
  });
}

function refuseMissing({ steps }: Runbook, from: number): void {
  const mistakes = missingRegisters(steps, from).map(
    ({ register, by, reader }): Diagnostic => ({
      severity: 'error',
      message: `--from ${from} is not safe: step ${reader.number} (${reader.name}) reads \`${register}\`, which step ${by.number} (${by.name}) finds out`,
      hint: `begin with step ${by.number} or before it`,
    }),
  );
  if (mistakes.length > 0) throw new InputError(mistakes);
}
