import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Recorded, RunStarted } from '../core/journal.ts';
import type { Outcome } from '../core/outcome.ts';
import { JOURNAL_FILE, readJournal, UnreadableJournal } from './read-journal.ts';

/** A run as its journal tells it. */
export interface RunSummary {
  readonly id: string;
  readonly folder: string;
  readonly started: RunStarted & { readonly at: string };
  readonly entries: readonly Recorded[];
  /** `open`: it runs, or its controller was killed. */
  readonly outcome: Outcome | 'open';
  /** When it last said something. */
  readonly until: string;
}

/** Hears of a run that is left out because its journal cannot be read. */
export type LeftOut = (id: string, why: UnreadableJournal) => void;

/** All runs that were kept in a folder, the oldest first. Throws an UnreadableJournal, unless somebody hears of it. */
export function listRuns(folder: string, leftOut?: LeftOut): readonly RunSummary[] {
  return idsIn(folder).flatMap((id) => {
    const run = readable(folder, id, leftOut);
    return run === undefined || run === 'left out' ? [] : [run];
  });
}

/** The ids that a word stands for: itself, the beginning of one or more, or `last`: the newest that did something. */
export function idsFor(folder: string, word: string, leftOut?: LeftOut): readonly string[] {
  const ids = idsIn(folder);
  if (word === 'last') {
    const last = ids.findLast((id) => {
      const run = readable(folder, id, leftOut);
      return run !== 'left out' && !wasKeptOff(run);
    });
    return last === undefined ? [] : [last];
  }
  return ids.includes(word) ? [word] : ids.filter((id) => id.startsWith(word));
}

function readable(
  folder: string,
  id: string,
  leftOut: LeftOut | undefined,
): RunSummary | undefined | 'left out' {
  try {
    return readRun(folder, id);
  } catch (error) {
    if (!(error instanceof UnreadableJournal) || !leftOut) throw error;
    leftOut(id, error);
    return 'left out';
  }
}

/** Undefined where the controller was killed before it had said what it was about: then nothing was done. */
export function readRun(folder: string, id: string): RunSummary | undefined {
  const { entries } = readJournal(join(folder, id));
  const [started] = entries;
  const last = entries.at(-1);
  if (started?.type !== 'run-started' || !last) return undefined;
  return {
    id,
    folder: join(folder, id),
    started,
    entries,
    outcome: last.type === 'run-ended' ? last.outcome : 'open',
    until: last.at,
  };
}

/** Whether there is something to take up: whatever did not end well may be. */
export function isResumable(run: RunSummary): boolean {
  return run.outcome !== 'done' && !wasKeptOff(run);
}

/** Another run held a host, and nothing was done: not what anybody means who goes on with the last run. */
function wasKeptOff(run: RunSummary | undefined): boolean {
  return run?.outcome === 'leased' && !run.entries.some(({ type }) => type === 'batch-sent');
}

/** Ids sort by time. */
function idsIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((id) => existsSync(join(folder, id, JOURNAL_FILE)))
    .sort();
}
