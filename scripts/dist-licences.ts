import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What the packages in the distribution ask to be passed on: their names, versions and licences. */
export function licencesText(root: string, folders: readonly string[]): string {
  const node = about(join(root, 'node_modules/node')).version;
  return [
    `lib/node is Node.js ${node}: https://github.com/nodejs/node/blob/v${node}/LICENSE\n`,
    ...folders.map((folder) => licenceOf(join(root, folder))),
  ].join(`\n${'-'.repeat(80)}\n\n`);
}

function licenceOf(folder: string): string {
  const { name, version, license } = about(folder);
  const files = readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file));
  const texts = files.sort().map((file) => `\n${readFileSync(join(folder, file), 'utf8').trim()}\n`);
  return [`${name} ${version}, ${license}\n`, ...texts].join('');
}

function about(folder: string): { name: string; version: string; license: string } {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
}
