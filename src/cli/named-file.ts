import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { mistake } from '../core/diagnostic.ts';

const FOUND: { readonly [code: string]: string } = {
  ENOENT: 'nothing',
  ENOTDIR: 'nothing',
  EISDIR: 'a directory',
  EACCES: 'a file that may not be read',
  EPERM: 'a file that may not be read',
};

/** The text of a file that the command line names, as it stands there. Throws an InputError that says what was expected. */
export function readNamed(file: string, what: string, written = file): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const found = FOUND[(error as NodeJS.ErrnoException).code ?? ''];
    if (found === undefined) throw error;
    throw mistake(`${written}: expected ${what}, found ${found}`, { hint: `looked for ${resolve(file)}` });
  }
}
