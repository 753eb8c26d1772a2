import type { Failure, RunEvent } from '../core/event.ts';
import type { TaskRef } from '../core/plan.ts';
import { duration } from './duration.ts';
import { failureText } from './failure.ts';
import { hostNames } from './host-names.ts';
import type { Paint } from './paint.ts';
import { recapText } from './recap.ts';
import { cut, harmless } from './text.ts';

/** Of an address (a command's is the command itself), so much. Characters. */
const MOST_ADDRESS = 80;

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

/** What stays on the screen of an event, whatever comes after; undefined where only the live display shows it. */
export function lastingText(event: RunEvent, paint: Paint, verbose: boolean): string | undefined {
  switch (event.type) {
    case 'play':
      return `\n${paint('strong', `PLAY ${harmless(event.name)}`)}  [${hostNames(event.hosts)}]`;
    case 'unreachable':
      return paint('unreachable', `unreachable: [${event.host}] ${harmless(event.reason)}`);
    case 'warning':
      return `${paint('warning', 'warning:')} ${harmless(event.text)}`;
    case 'advice':
      return event.isTold
        ? undefined
        : `${paint('warning', 'warning:')} [${event.host}] ${harmless(event.text)}`;
    case 'end':
      return isQuiet(event) && !verbose ? undefined : endText(event, paint);
    case 'finished':
      return Object.keys(event.recap).length === 0 ? undefined : `\n${recapText(event, paint)}`;
    default:
      return undefined;
  }
}

/** `4. Install PostgreSQL (item)`. */
export function taskTitle(task: TaskRef, item: string): string {
  return harmless(`${task.number}. ${task.name}${item === '' ? '' : ` (${item})`}`);
}

function isQuiet({ outcome }: Of<'end'>): boolean {
  return outcome === 'ok' || outcome === 'skipped';
}

function endText(event: Of<'end'>, paint: Paint): string {
  const { host, task, item, outcome, failure } = event;
  const why = event.reason === undefined ? '' : ` (${harmless(event.reason)})`;
  const address =
    event.address === '' || event.address === task.name
      ? ''
      : `  ${cut(harmless(event.address).replaceAll('\n', ' '), MOST_ADDRESS)}`;
  const line = `${outcome}: [${host}] ${event.handler ? 'handler ' : ''}${taskTitle(task, item)}${address}${why}  ${duration(event.durationMs)}`;
  const isBearable = outcome === 'ignored' || outcome === 'rescued' || outcome === 'unknown';
  const shown = paint(isBearable ? 'warning' : outcome, line);
  if (failure === undefined) return shown;
  const seen = event.sensitive ? withoutOutput(failure) : failure;
  const details = failureText({ host, task, item, failure: seen }, paint);
  return isBearable ? `${shown}\n${details}` : details;
}

/** Of a sensitive task's failure neither what was run nor what it said. */
function withoutOutput({ command: _, stdout: __, stderr: ___, ...rest }: Failure): Failure {
  return { ...rest, message: `${rest.message} (sensitive: command and output are not shown)` };
}
