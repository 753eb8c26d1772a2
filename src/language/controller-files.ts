import { createHash } from 'node:crypto';
import { dirname, isAbsolute, join } from 'node:path';
import type { Position } from '../core/diagnostic.ts';
import { filePlaces } from './places.ts';
import { Mistake, type Problems } from './problems.ts';
import { parseTemplate, type Template } from './template.ts';

/** A file of the controller, to be streamed to a host. */
export type LocalFile = { readonly path: string; readonly sha256: string; readonly size: number };

/** Reads files that tasks name; each is read once. Paths are relative to the playbook's folder. */
export class ControllerFiles {
  readonly #playbook: string;
  readonly #readFile: (path: string) => string | Buffer;
  readonly #problems: Problems;
  readonly #read = new Map<string, { path: string; content: Buffer }>();
  readonly #templates = new Map<string, Template>();

  constructor(playbook: string, readFile: (path: string) => string | Buffer, problems: Problems) {
    this.#playbook = playbook;
    this.#readFile = readFile;
    this.#problems = problems;
  }

  template(src: string, position: Position): Template {
    if (!src.endsWith('.hbs'))
      throw new Mistake(
        `the template \`${src}\` does not end in .hbs`,
        position,
        'rename it to end in .hbs, or use `copy:` to bring it to the host byte for byte',
      );
    const known = this.#templates.get(src);
    if (known) return known;
    const { path, content } = this.#find(src, position);
    const text = content.toString('utf8');
    const file = this.#inFolder(path);
    this.#problems.addSource(file, text);
    const template = parseTemplate(text, filePlaces(file, text), false);
    this.#templates.set(src, template);
    return template;
  }

  local(src: string, position: Position): LocalFile {
    if (src.endsWith('.hbs'))
      this.#problems.warn(
        `\`${src}\` is a template, but is copied byte for byte`,
        position,
        'use `template:` to render it',
      );
    const { path, content } = this.#find(src, position);
    return {
      path: this.#inFolder(path),
      sha256: createHash('sha256').update(content).digest('hex'),
      size: content.length,
    };
  }

  /** A file that fetching keeps: where it is, and the checksum of what is there (empty: nothing). */
  kept(dest: string, position: Position): { readonly dest: string; readonly kept: string } {
    const content = this.#tryRead(dest, position);
    const kept = content === undefined ? '' : createHash('sha256').update(content).digest('hex');
    return { dest: this.#inFolder(dest), kept };
  }

  /** Beside the playbook, then in the folder `templates` beside it and beside its folder. */
  #find(src: string, position: Position): { path: string; content: Buffer } {
    const known = this.#read.get(src);
    if (known) return known;
    const candidates = isAbsolute(src) ? [src] : [src, join('templates', src), join('..', 'templates', src)];
    for (const path of candidates) {
      const content = this.#tryRead(path, position);
      if (content === undefined) continue;
      const found = { path, content };
      this.#read.set(src, found);
      return found;
    }
    throw new Mistake(
      `there is no file \`${src}\``,
      position,
      `looked for: ${candidates.map((path) => this.#inFolder(path)).join(', ')}`,
    );
  }

  #tryRead(path: string, position: Position): Buffer | undefined {
    try {
      return Buffer.from(this.#readFile(path));
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === undefined || code === 'ENOENT' || code === 'ENOTDIR') return undefined;
      throw new Mistake(`the file \`${path}\` cannot be read: ${message}`, position);
    }
  }

  #inFolder(path: string): string {
    return isAbsolute(path) ? path : join(dirname(this.#playbook), path);
  }
}
