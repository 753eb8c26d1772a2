import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import type { SourceDigest } from '../core/journal.ts';
import type { Folders } from '../language/variable-files.ts';
import { folders } from './folders.ts';

/** The files that a project is read from, and what they held: a run is taken up with the same. */
export class ReadFiles {
  readonly #cwd: string;
  readonly #digests = new Map<string, string>();

  constructor(cwd: string) {
    this.#cwd = cwd;
  }

  bytes(file: string): Buffer {
    const bytes = readFileSync(file);
    this.#digests.set(resolve(this.#cwd, file), createHash('sha256').update(bytes).digest('hex'));
    return bytes;
  }

  text(file: string): string {
    return this.bytes(file).toString('utf8');
  }

  readonly folders: Folders = { ...folders, read: (file) => this.text(file) };

  /** In the order of their names. */
  digests(): SourceDigest[] {
    return [...this.#digests]
      .map(([file, sha256]) => ({ file: relative(this.#cwd, file), sha256 }))
      .sort((a, b) => (a.file < b.file ? -1 : 1));
  }
}

/** Files that are not as they were, with what became of them. */
export function differing(before: readonly SourceDigest[], now: readonly SourceDigest[]): string[] {
  const then = new Map(before.map(({ file, sha256 }) => [file, sha256]));
  const today = new Map(now.map(({ file, sha256 }) => [file, sha256]));
  return [...new Set([...then.keys(), ...today.keys()])].sort().flatMap((file) => {
    if (!today.has(file)) return [`${file} is not read any more`];
    if (!then.has(file)) return [`${file} was not read then`];
    return then.get(file) === today.get(file) ? [] : [`${file} has changed`];
  });
}
