import { noJournal, type Recorded } from '../core/journal.ts';
import type { Inventory } from '../core/task.ts';
import { Recaps } from '../engine/recaps.ts';
import { adviceBefore } from '../engine/runbook-advice.ts';
import type { Operator, RunbookContext } from '../engine/runbook-context.ts';
import { runbookPast } from '../engine/runbook-record.ts';
import { answerOf } from './answers.ts';
import { realClock } from './real-clock.ts';
import type { RunbookProject } from './runbook-project.ts';
import type { Composition } from './wiring.ts';

/** A runbook with everything that running it needs. `inventory` is without the lost hosts; `before` is what a run did that is taken back. */
export function runbookContext(
  project: RunbookProject,
  inventory: Inventory,
  { engine, emit, recording, masker, knock }: Composition,
  operator: Operator,
  signal: AbortSignal,
  before: readonly Recorded[] = [],
): RunbookContext {
  const { runbook } = project;
  const journal = recording?.journal ?? noJournal('');
  const past = runbookPast(journal);
  // A run that is taken up has written down itself what it knew.
  const known = journal.past.length > 0 ? past : runbookPast({ past: before });
  return {
    runbook,
    engine,
    registers: known.registers,
    past,
    journal,
    masker,
    recaps: new Recaps(),
    hosts: inventory.hosts.map(({ name }) => name),
    advice: adviceBefore(runbook, past),
    operator,
    clock: realClock,
    signal,
    emit,
    async answers(name) {
      const answer = await answerOf(project, name, knock);
      return answer.state === 'answers' ? answer.how : undefined;
    },
  };
}
