import type { Journal, JournalEntry, Recorded } from '../../src/core/journal.ts';

/** A journal that is kept in memory, as it would be in a file. */
export interface MemoryJournal extends Journal {
  readonly entries: readonly JournalEntry[];
}

let runs = 0;

export function memoryJournal(run = nextId(), past: readonly JournalEntry[] = []): MemoryJournal {
  const entries: JournalEntry[] = [...past];
  return {
    run,
    past,
    entries,
    record: async (entry) => {
      const line: Recorded = { at: '2026-01-01T00:00:00.000Z', ...entry };
      entries.push(JSON.parse(JSON.stringify(line)));
    },
  };
}

/** The journal of a run that is taken up. */
export function takenUp({ run, entries }: MemoryJournal): MemoryJournal {
  const resumed: JournalEntry = { type: 'run-resumed', fanops: 'test', who: 'somebody' };
  return memoryJournal(run, [...entries, resumed]);
}

function nextId(): string {
  runs += 1;
  return `m${process.pid}-${runs}`;
}
