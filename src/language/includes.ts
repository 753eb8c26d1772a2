import { dirname, isAbsolute, join, normalize } from 'node:path';
import type { Position } from '../core/diagnostic.ts';
import { readDocument } from './document.ts';
import type { Located } from './located.ts';
import type { Problems } from './problems.ts';

/** Where in the chain of files that name each other something stands; paths count from the playbook's folder. */
export interface Within {
  readonly files: readonly string[];
}

export interface Included {
  readonly root: Located | undefined;
  /** As it is shown. */
  readonly file: string;
  readonly within: Within;
}

/** Reads the files of tasks, plays and variables that a playbook names, when it is loaded. */
export class Includes {
  readonly #playbook: string;
  readonly #readFile: (path: string) => string | Buffer;
  readonly #problems: Problems;

  constructor(playbook: string, readFile: (path: string) => string | Buffer, problems: Problems) {
    this.#playbook = playbook;
    this.#readFile = readFile;
    this.#problems = problems;
  }

  /** Beside the file that names it, then beside the playbook. Undefined when it is not there, which is told. */
  read(name: string, position: Position, { files }: Within): Included | undefined {
    const from = dirname(files.at(-1) ?? '');
    const candidates = isAbsolute(name)
      ? [name]
      : [...new Set([normalize(join(from, name)), normalize(name)])];
    for (const path of candidates) {
      const text = this.#tryRead(path, position);
      if (text === undefined) continue;
      if (path === this.#playbookName || files.includes(path)) {
        const chain = [...files.slice(Math.max(files.indexOf(path), 0)), path].map((f) => this.#shown(f));
        this.#problems.error(
          `this file names itself: ${chain.join(' -> ')}`,
          position,
          'what is done again and again is a `loop:`, or `until:`',
        );
        return undefined;
      }
      const file = this.#shown(path);
      return { root: readDocument(file, text, this.#problems), file, within: { files: [...files, path] } };
    }
    this.#problems.error(
      `there is no file \`${name}\``,
      position,
      `looked for: ${candidates.map((path) => this.#shown(path)).join(', ')}`,
    );
    return undefined;
  }

  get #playbookName(): string {
    return normalize(this.#playbook).split('/').at(-1) ?? '';
  }

  #tryRead(path: string, position: Position): string | undefined {
    try {
      return this.#readFile(path).toString();
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== undefined && code !== 'ENOENT' && code !== 'ENOTDIR')
        this.#problems.error(`the file \`${path}\` cannot be read: ${message}`, position);
      return undefined;
    }
  }

  #shown(path: string): string {
    return isAbsolute(path) ? path : join(dirname(this.#playbook), path);
  }
}

export const AT_THE_PLAYBOOK: Within = { files: [] };
