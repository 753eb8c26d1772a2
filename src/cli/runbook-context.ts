import { noJournal } from '../core/journal.ts';
import type { Inventory } from '../core/task.ts';
import { Recaps } from '../engine/recaps.ts';
import type { Operator, RunbookContext } from '../engine/runbook-context.ts';
import { runbookPast } from '../engine/runbook-record.ts';
import { answers } from './answers.ts';
import { realClock } from './real-clock.ts';
import type { RunbookProject } from './runbook-project.ts';
import type { Composition } from './wiring.ts';

/** A runbook with everything that running it needs. `inventory` is without the lost hosts. */
export function runbookContext(
  { runbook, inventory: whole }: RunbookProject,
  inventory: Inventory,
  { engine, emit, recording, masker }: Composition,
  operator: Operator,
  signal: AbortSignal,
): RunbookContext {
  const journal = recording?.journal ?? noJournal('');
  const past = runbookPast(journal);
  return {
    runbook,
    engine,
    registers: past.registers,
    past,
    journal,
    masker,
    recaps: new Recaps(),
    hosts: inventory.hosts.map(({ name }) => name),
    operator,
    clock: realClock,
    signal,
    emit,
    async answers(name) {
      const host = whole.hosts.find((known) => known.name === name);
      return host && answers(host);
    },
  };
}
