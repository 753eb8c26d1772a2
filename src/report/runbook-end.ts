import type { Outcome } from '../core/outcome.ts';
import type { Advice, Judgement, StepRef } from '../core/runbook.ts';
import { hostNames } from './host-names.ts';
import { type Paint, plainPaint } from './paint.ts';
import { judgementLines } from './runbook-progress.ts';
import { counted, harmless } from './text.ts';

/** What is told at the end of a runbook, whoever ran it. */
export interface ShownEnd {
  readonly outcome: Outcome;
  readonly done: readonly StepRef[];
  readonly at?: {
    readonly step: StepRef;
    readonly reason?: string;
    readonly judgements: readonly Judgement[];
    readonly pointOfNoReturn: boolean;
    /** Something of it was sent to a host. */
    readonly isBegun: boolean;
  };
  readonly left: readonly StepRef[];
  readonly advice: readonly Advice[];
  /** Steps were taken back rather than done. */
  readonly undo: boolean;
  /** What to type: to go on, and to go back. */
  readonly goOn: string;
  readonly goBack?: string;
  readonly elapsed: string;
  /** Shows what happened, line by line. */
  readonly record?: string;
}

const WORDS: { readonly [outcome in Outcome]?: string } = {
  guarded: 'refused by a condition',
  stopped: 'stopped by the operator',
  interrupted: 'stopped before anything had begun',
  'timed-out': 'timed out',
  unreachable: 'a host could not be reached',
  'in-doubt': 'in doubt: nobody can say whether it happened',
};

/** What was done, what was not, what was seen last, and what to type now. */
export function runbookEndText(end: ShownEnd, paint: Paint = plainPaint): string {
  const { outcome, at, done, left, undo, goOn, goBack, elapsed, record } = end;
  const warned = adviceLines(end.advice, paint);
  if (!at) {
    const title = paint(outcome === 'done' ? 'ok' : 'failed', `RUNBOOK ${outcome}`);
    return ['', `${title}  ${elapsed}`, ...warned].join('\n');
  }
  const reason = at.reason === undefined ? '' : `: ${harmless(at.reason)}`;
  return [
    '',
    paint(
      'failed',
      `STOPPED at step ${at.step.number}: ${harmless(at.step.name)} (${WORDS[outcome] ?? outcome})${reason}`,
    ),
    ...at.judgements.flatMap((judgement) => judgementLines('seen last', judgement, paint)),
    '',
    `${undo ? 'taken back: ' : 'done:       '}${names(done)}`,
    ...(at.isBegun ? [`in part:    ${names([at.step])}`] : []),
    `${undo ? 'standing:   ' : 'not done:   '}${names(at.isBegun ? left : [at.step, ...left])}`,
    `time:       ${elapsed}`,
    ...(at.pointOfNoReturn ? ['            the point of no return is behind it'] : []),
    `to go on:   ${goOn}`,
    ...(goBack === undefined ? [] : [`to go back: ${goBack}`]),
    ...(record === undefined ? [] : [`the record: ${record}`]),
    ...warned,
  ].join('\n');
}

/** Last, where the eye is: what its steps have warned of, which stands far above by now, or nowhere. */
function adviceLines(advice: readonly Advice[], paint: Paint): string[] {
  if (advice.length === 0) return [];
  const lines = advice.flatMap(({ step, hosts, text }) => [
    `  step ${step.number} (${harmless(step.name)}), ${hostNames(hosts)}:`,
    ...harmless(text.trim())
      .split('\n')
      .map((line) => `    ${line}`),
  ]);
  return ['', paint('warning', `${counted(advice.length, 'warning')}:`), ...lines];
}

function names(steps: readonly StepRef[]): string {
  if (steps.length === 0) return 'nothing';
  return steps.map(({ number, name }) => `${number}. ${harmless(name)}`).join(', ');
}
