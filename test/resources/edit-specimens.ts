import { mkdirSync, writeFileSync } from 'node:fs';
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
    specimen(
      'sysctl',
      `being ${JSON.stringify(name)}`,
      'create',
      (dir) => ({
        name: 'vm.x',
        value: name.replaceAll('\n', ' ').trim(),
        file: join(dir, name),
        live: false,
      }),
      true,
    ),
    specimen(
      'authorized_key',
      `with ${JSON.stringify(name)}`,
      'create',
      (dir, machine) => {
        machine.write('passwd', `postgres:x:7:1::${dir}:/bin/bash\n`);
        return { user: 'postgres', key: `ssh-ed25519 AAAAC3 ${name.replaceAll('\n', ' ')}` };
      },
      true,
    ),
    specimen(
      'directory',
      `with all below ${JSON.stringify(name)}`,
      'update',
      (dir) => {
        mkdirSync(join(dir, name));
        writeFileSync(join(dir, name, name), '');
        return { path: join(dir, name), recurse: true, file_mode: '0600' };
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
