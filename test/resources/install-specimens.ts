import { createHash } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Secret } from '../../src/core/secret.ts';
import type { Specimen } from './specimens.ts';

/** Specimens of what sets up the backup system: beside the others, in a file of their own. */
function specimen(
  resource: string,
  title: string,
  action: Specimen['action'],
  prepare: Specimen['prepare'],
  hostile = false,
): Specimen {
  return { resource, title, action, prepare, hostile };
}

const NAMES: readonly string[] = [
  'with space',
  ' leading and trailing ',
  'quotes \' and "',
  '$(touch pwned)`id`$HOME',
  '-rf',
  'new\nline',
  'grüße-日本語',
  ';|&<>(){}[]!#%s*~\\n',
];

function localFile(dir: string, text: string) {
  const path = join(dir, 'source');
  writeFileSync(path, text);
  return { path, sha256: createHash('sha256').update(text).digest('hex'), size: Buffer.byteLength(text) };
}

const RELEASES: readonly Specimen[] = [
  ...NAMES.map((name) =>
    specimen(
      'release',
      `of files named ${JSON.stringify(name)}`,
      'create',
      (dir) => ({
        path: join(dir, `${name}-link`),
        releases: join(dir, `${name}-releases`),
        files: [{ path: `${name}/${name}`, content: name, mode: '0750' }],
      }),
      true,
    ),
  ),
  specimen('release', 'of a template with a secret and a file of the controller', 'update', (dir) => {
    mkdirSync(join(dir, 'old'));
    symlinkSync('old', join(dir, 'backup'));
    return {
      path: join(dir, 'backup'),
      releases: join(dir, 'releases'),
      files: [
        { path: 'configs/b.conf', src: 'b.conf.hbs', content: Secret.open('PASSWORD=hunter22\n') },
        { path: 'scripts/a.sh', src: 'a.sh', source: localFile(dir, 'a\0b'), mode: '0755' },
      ],
    };
  }),
  specimen('release', 'in the place of a directory', 'blocked', (dir) => {
    mkdirSync(join(dir, 'backup'));
    return {
      path: join(dir, 'backup'),
      releases: join(dir, 'releases'),
      files: [{ path: 'f', content: '' }],
    };
  }),
];

export const INSTALL_SPECIMENS: readonly Specimen[] = [...RELEASES];
