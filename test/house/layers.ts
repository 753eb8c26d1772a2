import { folderOf, type Import } from './imports.ts';

/** The one folder that may import a package: who wants what it does asks that folder. */
export const HOMES: { readonly [name: string]: string } = {
  '@aws-sdk/client-s3': 's3',
  '@marcbachmann/cel-js': 'language',
  'age-encryption': 'escrow',
  ajv: 'language',
  handlebars: 'language',
  listr2: 'report',
  'ssh-config': 'transport',
  ssh2: 'transport',
  yaml: 'language',
};

/** Says what is wrong with an import, or nothing: one sentence with file, line and what to do. */
export function breach({ from, line, to }: Import): string | undefined {
  const folder = folderOf(from);
  if ('package' in to) {
    const home = HOMES[to.package];
    if (home === folder) return undefined;
    return home === undefined
      ? `${from}:${line} imports "${to.package}", which has no home: give it one in test/house/layers.ts`
      : `${from}:${line} imports "${to.package}", whose one home is src/${home}: ask that folder for it`;
  }
  const target = folderOf(to.file);
  if (target === '' && !(folder === 'cli' && to.file === 'package.json'))
    return `${from}:${line} imports ${to.file}, which is outside of src (only cli reads package.json, for the version)`;
  if (mayImport(folder, target)) return undefined;
  return `${from}:${line} imports ${to.file}: src/${folder} may import only ${allowed(folder)}`;
}

function mayImport(folder: string, target: string): boolean {
  if (folder === 'cli' || target === folder) return true;
  if (folder === 'core') return false;
  return target === 'core' || (folder === 'resources' && target === 'facts');
}

function allowed(folder: string): string {
  if (folder === 'core') return 'itself';
  return folder === 'resources' ? 'itself, src/core and src/facts' : 'itself and src/core';
}
