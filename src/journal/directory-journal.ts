import {
  closeSync,
  fdatasync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Journal, JournalEntry, RunStarted } from '../core/journal.ts';
import { lockFolder } from './lock.ts';
import { makeFolder } from './make-folder.ts';
import { JOURNAL_FILE, journalLine, readJournal } from './read-journal.ts';

const synced = promisify(fdatasync);

/** A journal that this process writes, until it is closed. */
export interface OpenJournal extends Journal {
  /** Whether anything was recorded. */
  readonly isBegun: boolean;
  close(): Promise<void>;
}

/** What a journal gets from outside. */
export interface Writing {
  now(): Date;
  /** The entry with every known secret masked. */
  clean(entry: JournalEntry): JournalEntry;
}

/** A new run. Its folder comes into being with its first entry, so that a run that does nothing leaves nothing. */
export function newJournal(folder: string, started: RunStarted, writing: Writing): OpenJournal {
  let file: JournalFile | undefined;
  const begin = (): JournalFile => {
    makeFolder(folder, 0o700);
    // What ran where is nobody else's business, and no part of a playbook's history.
    const ignored = join(dirname(folder), '.gitignore');
    naming(ignored, () => writeFileSync(ignored, '*\n', { mode: 0o600 }));
    const begun = new JournalFile(folder, writing);
    void lockFolder(folder).then((free) => begun.heldBy(free));
    void begun.write(started);
    return begun;
  };
  return {
    run: basename(folder),
    past: [],
    get isBegun() {
      return file !== undefined;
    },
    record(entry) {
      file ??= begin();
      return file.write(entry);
    },
    close: async () => file?.close(),
  };
}

/** Takes up a run that stopped; a line that was torn is cut off. Undefined while another process writes it. */
export async function takeUpJournal(folder: string, writing: Writing): Promise<OpenJournal | undefined> {
  const free = await lockFolder(folder);
  if (!free) return undefined;
  const { entries, wholeBytes, isTorn } = readJournal(folder);
  const file = new JournalFile(folder, writing);
  file.heldBy(free);
  if (isTorn) file.cut(wholeBytes);
  return {
    run: basename(folder),
    past: entries,
    isBegun: true,
    record: (entry) => file.write(entry),
    close: () => file.close(),
  };
}

/** Appends lines: written at once, synced together. */
class JournalFile {
  readonly #path: string;
  readonly #fd: number;
  readonly #writing: Writing;
  #size: number;
  #free: (() => void) | undefined;
  #isClosed = false;
  /** The sync that has not begun yet: it will cover all that is written until it does. */
  #next: Promise<void> | undefined;
  #last: Promise<void> = Promise.resolve();

  constructor(folder: string, writing: Writing) {
    this.#writing = writing;
    this.#path = join(folder, JOURNAL_FILE);
    this.#fd = openSync(this.#path, 'a', 0o600);
    this.#size = fstatSync(this.#fd).size;
    syncFolder(folder);
    syncFolder(dirname(folder));
  }

  heldBy(free: (() => void) | undefined): void {
    this.#free = free;
    if (this.#isClosed) free?.();
  }

  cut(size: number): void {
    ftruncateSync(this.#fd, size);
    this.#size = size;
  }

  write(entry: JournalEntry): Promise<void> {
    const at = this.#writing.now().toISOString();
    this.#append(Buffer.from(journalLine({ at, ...this.#writing.clean(entry) })));
    this.#next ??= this.#sync();
    // Whoever does not wait for it hears of a full disk by the next write.
    this.#next.catch(() => undefined);
    return this.#next;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await Promise.allSettled([this.#next, this.#last]);
    closeSync(this.#fd);
    this.#free?.();
  }

  /** Whole, or not at all: the rest of a full disk holds no half of a line. */
  #append(line: Buffer): void {
    try {
      naming(this.#path, () => {
        for (let at = 0; at < line.length; ) at += writeSync(this.#fd, line, at);
      });
    } catch (error) {
      ftruncateSync(this.#fd, this.#size);
      throw error;
    }
    this.#size += line.length;
  }

  async #sync(): Promise<void> {
    await this.#last.catch(() => undefined);
    this.#next = undefined;
    this.#last = synced(this.#fd);
    return this.#last;
  }
}

/** What a full disk says of an open file does not name it. */
function naming(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    if (!(error instanceof Error) || 'path' in error) throw error;
    throw Object.assign(error, { path, message: `${error.message} '${path}'` });
  }
}

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  fsyncSync(fd);
  closeSync(fd);
}
