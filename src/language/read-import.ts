import { Fields } from './fields.ts';
import type { Includes, Within } from './includes.ts';
import { type Inherited, inheritedFrom } from './inherited.ts';
import { entryOf, type Located, type LocatedMapping } from './located.ts';
import { didYouMean } from './nearest.ts';
import type { Problems } from './problems.ts';
import { isStatic } from './render-value.ts';

/** What an import says of all plays of the other playbook, and where that stands. */
export interface Around {
  readonly inherited: Inherited;
  readonly within: Within;
}

/** The other playbook. */
export interface Imported {
  readonly root: Located | undefined;
  readonly file: string;
  readonly around: Around;
}

const KEY = 'import_playbook';
const IMPORT_KEYS = [
  KEY,
  'ansible.builtin.import_playbook',
  'name',
  'vars',
  'when',
  'tags',
  'become',
  'become_user',
  'environment',
];

export function isImport(node: Located): node is LocatedMapping {
  return node.kind === 'mapping' && IMPORT_KEYS.slice(0, 2).some((key) => entryOf(node, key));
}

/** Another playbook, whose plays stand here as if they were written here; its files are looked for beside it. */
export function readImport(
  node: LocatedMapping,
  { includes, problems }: { readonly includes?: Includes; readonly problems: Problems },
  { inherited, within }: Around,
): Imported | undefined {
  const fields = new Fields(node, problems);
  for (const { key, keyPosition } of node.entries)
    if (!IMPORT_KEYS.includes(key))
      problems.error(
        `\`${KEY}\` has no key \`${key}\` beside it`,
        keyPosition,
        didYouMean(key, IMPORT_KEYS, 'there may be'),
      );
  const file = fields.text(KEY) ?? fields.text(`ansible.builtin.${KEY}`);
  if (!file) return undefined;
  if (!isStatic(file)) {
    problems.error('the name of a playbook is not rendered', file.position, 'write the name of the file');
    return undefined;
  }
  const origin = `vars of ${KEY} in line ${node.position.line}`;
  const imported = includes?.read(String(file.value), file.position, within);
  if (!imported) return undefined;
  const around = { inherited: inheritedFrom(fields, inherited, origin, problems), within: imported.within };
  return { root: imported.root, file: imported.file, around };
}
