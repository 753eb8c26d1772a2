import type { Step } from '../core/runbook.ts';
import { evaluate, outcomeOf } from './runbook-checks.ts';
import { type RunbookContext, type StepEnd, stepRef } from './runbook-context.ts';

/** What a later step needs from one that is to be skipped. */
export interface MissingRegister {
  readonly register: string;
  readonly by: Step;
  readonly reader: Step;
}

/** Registers that only steps before `from` set, and that a step from there on reads. */
export function missingRegisters(steps: readonly Step[], from: number): MissingRegister[] {
  const skipped = steps.filter(({ number }) => number < from);
  return steps
    .filter(({ number }) => number >= from)
    .flatMap((reader) => {
      const own = steps.filter(({ number }) => number >= from && number <= reader.number);
      const known = new Set(own.flatMap(({ registers }) => registers));
      return reader.reads
        .filter((register) => !known.has(register))
        .flatMap((register) => {
          const by = skipped.findLast(({ registers }) => registers.includes(register));
          return by ? [{ register, by, reader }] : [];
        });
    });
}

/** Begins in the middle only where the step before has had its effect, as far as it can be judged. */
export async function refuseFrom(
  context: RunbookContext,
  from: number,
): Promise<{ readonly step: Step; readonly end: StepEnd } | undefined> {
  const { runbook } = context;
  const step = runbook.steps.find(({ number }) => number === from);
  const previous = runbook.steps.findLast(
    ({ number, verify, hosts }) => number < from && verify && hosts.length > 0,
  );
  // What is taken up has a record of it.
  const isTakenUp = context.past.done.size > 0 || context.past.begun.size > 0;
  if (isTakenUp || !step || !previous?.verify) return undefined;
  const judgements = await evaluate(context, previous.verify);
  context.emit({ type: 'judged', what: 'verify', step: stepRef(runbook, previous), judgements });
  const outcome = outcomeOf(context, judgements);
  if (outcome === 'done') return undefined;
  const open = judgements.filter(({ state }) => state !== 'holds');
  const reason = `--from would skip step ${previous.number} (${previous.name}), which has not had its effect`;
  return {
    step,
    end: { outcome: outcome === 'unreachable' ? outcome : 'guarded', reason, judgements: open },
  };
}
