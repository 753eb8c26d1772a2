import type { RunEvent } from '../core/event.ts';
import type { JournalEntry } from '../core/journal.ts';

/** What of a runbook's course belongs into its record: judgements, confirmations, the ends of steps. */
export function entriesOf(event: RunEvent, by: string): readonly JournalEntry[] {
  if (event.type === 'judged')
    return event.judgements.map(({ expression, state, seen }) => ({
      type: event.what,
      step: event.step.id,
      condition: expression,
      holds: state === 'holds',
      ...(seen === undefined ? {} : { seen }),
    }));
  if (event.type === 'confirmed')
    return [
      {
        type: 'confirmed',
        step: event.step?.id ?? 'lost',
        what: event.step?.name ?? 'what is lost',
        typed: event.text,
        by,
      },
    ];
  if (event.type === 'advice' && event.step)
    return [{ type: 'advised', step: event.step.id, host: event.host, text: event.text }];
  if (event.type === 'step-ended')
    return [{ type: 'step-ended', step: event.step.id, outcome: event.outcome }];
  return [];
}
