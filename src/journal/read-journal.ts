import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../core/diagnostic.ts';
import type { Recorded } from '../core/journal.ts';

/** The file of a run's journal in its folder. */
export const JOURNAL_FILE = 'journal.jsonl';
/** The first words of every line. Another version is another program's. */
const VERSION = 1;

/** A journal that is another program's, or damaged before its last line: a run of which nothing can be said. */
export class UnreadableJournal extends InputError {
  constructor(message: string, hint = 'nothing can be taken up from it: move the folder of that run away') {
    super([{ severity: 'error', message, hint }]);
    this.name = 'UnreadableJournal';
  }
}

export interface ReadJournal {
  readonly entries: readonly Recorded[];
  /** So many bytes hold whole lines; what follows is a line that was torn when its writer was killed. */
  readonly wholeBytes: number;
  readonly isTorn: boolean;
}

export function journalLine(entry: Recorded): string {
  const { at, type, ...rest } = entry;
  return `${JSON.stringify({ v: VERSION, at, type, ...rest })}\n`;
}

/** Reads a journal to the end of its last whole line. */
export function readJournal(folder: string): ReadJournal {
  const file = join(folder, JOURNAL_FILE);
  const bytes = bytesOf(file);
  const wholeBytes = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, wholeBytes).toString().split('\n').slice(0, -1);
  const entries = lines.map((line, index) => parseLine(line, `${file}:${index + 1}`));
  return { entries, wholeBytes, isTorn: wholeBytes < bytes.length };
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new UnreadableJournal(`${file}: expected a journal, found ${(error as Error).message}`);
  }
}

function parseLine(line: string, place: string): Recorded {
  const parsed = asJson(line);
  if (typeof parsed !== 'object' || parsed === null || !('type' in parsed) || !('v' in parsed))
    throw new UnreadableJournal(
      `${place}: expected a line of a journal, found "${line.slice(0, 60)}": the file was damaged or edited`,
    );
  const { v, ...entry } = parsed;
  if (v !== VERSION)
    throw new UnreadableJournal(
      `${place}: expected version ${VERSION} of the journal's format, found ${JSON.stringify(v)}`,
      'use the fanops that wrote it',
    );
  return entry as Recorded;
}

function asJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
