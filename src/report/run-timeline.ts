import type { Recorded } from '../core/journal.ts';
import { duration } from './duration.ts';
import { taskTitle } from './event-lines.ts';
import { timeText } from './run-list.ts';
import { counted, harmless } from './text.ts';

/** What happened in a run, a line each; what only resuming needs is left out. */
export function timelineText(entries: readonly Recorded[]): string {
  return entries
    .flatMap((entry) => {
      const text = lineOf(entry);
      return text === undefined ? [] : [`${timeText(entry.at)}  ${harmless(text)}\n`];
    })
    .join('');
}

function lineOf(entry: Recorded): string | undefined {
  switch (entry.type) {
    case 'run-started':
      return `${entry.who} began: fanops ${entry.command.name} ${entry.command.argv.join(' ')} (fanops ${entry.fanops}${commitText(entry)})`;
    case 'run-resumed':
      return `${entry.who} took it up again (fanops ${entry.fanops})`;
    case 'lease-taken':
      return `[${entry.host}] held, token ${entry.token}`;
    case 'lease-released':
      return `[${entry.host}] given back`;
    case 'step-begun':
      return `${entry.name}  [${entry.hosts.join(', ')}]`;
    case 'step-ended':
      return `${entry.step}: ${entry.outcome}`;
    case 'guard':
    case 'invariant':
    case 'verify':
      return `${entry.type} of ${entry.step}: ${entry.condition}: ${entry.holds ? 'holds' : 'does not hold'}${entry.seen === undefined ? '' : ` (${entry.seen})`}`;
    case 'advised':
      return `[${entry.host}] ${entry.step} warned: ${entry.text}`;
    case 'confirmed':
      return `${entry.by} confirmed ${entry.what} by typing "${entry.typed}"`;
    case 'batch-sent':
      return `[${entry.host}] sent ${counted(entry.commands.length, 'command')}: ${entry.commands.map(({ task, label }) => taskTitle(task, label)).join('; ')}`;
    case 'batch-ended':
      return entry.outcome === 'done'
        ? undefined
        : `${entry.key}: ${entry.outcome}${entry.reason === undefined ? '' : `, ${entry.reason}`}`;
    case 'item-ended':
      return `[${entry.id.host}] ${entry.handler ? 'handler ' : ''}${taskTitle(entry.task, entry.label)}: ${entry.outcome}, ${duration(entry.durationMs)}${entry.failure === undefined ? '' : `: ${entry.failure.message}`}`;
    case 'handler-done':
      return `[${entry.host}] handler ${entry.handler} is not due any more`;
    case 'treated':
      return `${entry.by} said of ${entry.id.task} on ${entry.id.host}: ${entry.as}`;
    case 'run-ended':
      return `ended: ${entry.outcome}${entry.reason === undefined ? '' : `, ${entry.reason}`}`;
    default:
      return undefined;
  }
}

function commitText({ commit }: Extract<Recorded, { type: 'run-started' }>): string {
  if (commit === undefined) return '';
  return `, commit ${commit.id.slice(0, 12)}${commit.dirty ? ' with changes' : ''}`;
}
