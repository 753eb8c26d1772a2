import { hasNoReturn, type Runbook, type Step } from '../core/runbook.ts';
import { quote } from '../core/shell.ts';
import type { RunbookEnd } from '../engine/runbook.ts';
import { stepRef } from '../engine/runbook-context.ts';
import { missingRegisters } from '../engine/runbook-from.ts';
import type { Paint } from '../report/paint.ts';
import { runbookEndText } from '../report/runbook-end.ts';
import { type Args, isSet } from './args.ts';
import { withoutSecret } from './without-secret.ts';

/** The end of a run, with the commands that go on or go back. */
export function tellEnd(
  args: Args,
  runbook: Runbook,
  end: RunbookEnd,
  elapsed: string,
  paint: Paint,
  run?: string,
): string {
  const { outcome, done, left, at, advice } = end;
  const undo = isSet(args, 'undo');
  const last = Math.max(at?.begun ? at.step.number : 0, ...done.map(({ number }) => number));
  const isBehind = runbook.steps.some(({ number, pointOfNoReturn }) => pointOfNoReturn && number <= last);
  return runbookEndText(
    {
      outcome,
      done,
      ...(at && {
        at: {
          step: stepRef(runbook, at.step),
          ...(at.end.reason === undefined ? {} : { reason: at.end.reason }),
          judgements: at.end.judgements ?? [],
          pointOfNoReturn: isBehind && !undo,
          isBegun: at.begun,
        },
      }),
      left,
      advice,
      undo,
      goOn: run === undefined ? beginAgain(args, runbook, at?.step) : `fanops resume ${run}`,
      ...(last > 0 && !undo ? { goBack: noWayBack(runbook, last) ?? goBack(args, last, run) } : {}),
      elapsed,
      ...(run === undefined ? {} : { record: `fanops runs show ${run}` }),
    },
    paint,
  );
}

/** A run that left no record is begun again where it stopped. */
function beginAgain(args: Args, runbook: Runbook, step: Step | undefined): string {
  const number = step?.number ?? 1;
  return isSet(args, 'undo')
    ? commandLine(args, ['--undo', String(number)])
    : commandLine(args, ['--from', String(safeFrom(runbook, number))]);
}

/** Why going back would be refused at once. */
function noWayBack({ steps }: Runbook, last: number): string | undefined {
  const closed = steps.find((one) => one.number <= last && hasNoReturn(one));
  if (closed) return `there is no way: step ${closed.number} (${closed.name}) is a point of no return`;
  const step = steps.find(({ number }) => number === last);
  if (!step || step.undo || step.play.tasks.length === 0) return undefined;
  return `there is no way: step ${last} (${step.name}) has none (\`undo\`)`;
}

function goBack(args: Args, last: number, run: string | undefined): string {
  return commandLine(args, ['--undo', String(last), ...(run === undefined ? [] : ['--of', run])]);
}

/** The command line as it was given, with another place to begin. */
export function commandLine({ positionals, given }: Args, more: readonly string[]): string {
  const options = [...given]
    .filter(([name]) => !['from', 'until', 'undo', 'yes', 'step', 'confirm', 'of'].includes(name))
    .flatMap(([name, values]) =>
      values.flatMap((value) => {
        if (value === '') return [`--${name}`];
        return [`--${name}`, name === 'extra-vars' ? withoutSecret(value) : value];
      }),
    );
  return ['fanops', 'run', ...positionals, ...options, ...more].map(quote).join(' ');
}

/** The last step up to `from` that needs nothing of the steps before it. */
function safeFrom({ steps }: Runbook, from: number): number {
  for (let number = from; number > 1; number -= 1)
    if (missingRegisters(steps, number).length === 0) return number;
  return 1;
}
