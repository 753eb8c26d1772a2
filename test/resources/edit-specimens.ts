import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NAMES, specimen } from './install-specimens.ts';
import type { Specimen } from './specimens.ts';

/** Specimens of what edits files. */
export const EDIT_SPECIMENS: readonly Specimen[] = [
  ...NAMES.flatMap((name) => [
    specimen(
      'ini_setting',
      `saying ${JSON.stringify(name)}`,
      'update',
      (dir) => {
        const path = join(dir, name);
        writeFileSync(path, '[a]\nx = 1\n');
        return { path, section: 'a b', settings: { x: name.replaceAll('\n', ' ').trim() } };
      },
      true,
    ),
    specimen('set_fact', `of ${JSON.stringify(name)}`, 'none', () => ({ values: { a: name } }), true),
  ]),
  specimen('ini_setting', 'in a file to be made', 'create', (dir) => ({
    path: join(dir, 'f.ini'),
    section: 'a',
    key: 'k',
    value: true,
    create: true,
    mode: '0600',
  })),
];
