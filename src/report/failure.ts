import type { Failure } from '../core/event.ts';
import type { TaskRef } from '../core/plan.ts';
import { type Paint, plainPaint } from './paint.ts';
import { harmless, linesOf, tail } from './text.ts';

/** Lines of a command's output that are enough to see why it failed. */
const MOST_LINES = 20;

/** All that is needed to act on a failure: where it stands, what was run, what came of it, what to type next. */
export function failureText(
  failed: { readonly host: string; readonly task: TaskRef; readonly item: string; readonly failure: Failure },
  paint: Paint = plainPaint,
): string {
  const { host, task, item, failure } = failed;
  const name = `${task.number}. ${task.name}${item === '' ? '' : ` (${item})`}`;
  return [
    paint('failed', `${heading(failure)}: [${host}] ${harmless(name)}`),
    `  at      ${task.file}:${task.line} (${task.resource})`,
    ...labelled('why', linesOf(harmless(failure.message))),
    ...labelled('ran', linesOf(harmless(failure.command ?? ''))),
    ...labelled('status', statusLines(failure)),
    ...labelled('stderr', tail(harmless(failure.stderr ?? ''), MOST_LINES)),
    ...labelled('stdout', stdoutLines(failure)),
    ...labelled('next', linesOf(harmless(failure.next ?? ''))),
  ].join('\n');
}

function heading(failure: Failure): string {
  const words: { readonly [outcome in Failure['outcome']]?: string } = {
    unreachable: 'UNREACHABLE',
    'in-doubt': 'IN DOUBT',
    'timed-out': 'TIMED OUT',
    guarded: 'REFUSED BY A GUARD',
    stopped: 'STOPPED',
    leased: 'LEASED BY ANOTHER RUN',
    stale: 'STALE',
    bug: 'BUG IN FANOPS',
  };
  return words[failure.outcome] ?? 'FAILED';
}

function statusLines({ command, status }: Failure): string[] {
  if (status === undefined || command === undefined) return [];
  return [status === null ? 'unknown: ended by a signal, or its end was not seen' : `exit status ${status}`];
}

/** Some programs complain on stdout: shown when stderr says nothing. */
function stdoutLines({ stdout, stderr }: Failure): string[] {
  return (stderr ?? '').trim() === '' ? tail(harmless(stdout ?? ''), MOST_LINES) : [];
}

function labelled(label: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? label : '').padEnd(7)} ${line}`.trimEnd());
}
