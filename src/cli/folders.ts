import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Folders } from '../language/variable-files.ts';

/** Folders of the controller, as the language wants to read them: links are followed. */
export const folders: Folders = {
  list(folder) {
    try {
      return readdirSync(folder).map((name) =>
        statSync(join(folder, name), { throwIfNoEntry: false })?.isDirectory() ? `${name}/` : name,
      );
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
      throw error;
    }
  },
  read: (file) => readFileSync(file, 'utf8'),
};
