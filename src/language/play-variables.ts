import { type Layer, layerOf } from './definitions.ts';
import { describe } from './describe.ts';
import type { Fields } from './fields.ts';
import type { Includes, Within } from './includes.ts';
import { type LocatedScalar, plainValue } from './located.ts';
import type { Problems } from './problems.ts';
import { isStatic } from './render-value.ts';

/** The variables of a play: `defaults`, and `vars`, which those of `vars_files` hide, the last file first. */
export function readPlayVariables(
  fields: Fields,
  label: string,
  { includes, problems }: { readonly includes?: Includes; readonly problems: Problems },
  within: Within,
): { readonly defaults: Layer; readonly vars: Layer } {
  const vars = layerOf(fields.mappingOf('vars'), 'play', `vars of ${label}`, problems);
  const files = fields.texts('vars_files').map((node) => readFile(node, includes, within, problems));
  return {
    defaults: layerOf(fields.mappingOf('defaults'), 'defaults', `defaults of ${label}`, problems),
    vars: new Map([vars, ...files].flatMap((layer) => [...layer])),
  };
}

function readFile(
  node: LocatedScalar,
  includes: Includes | undefined,
  within: Within,
  problems: Problems,
): Layer {
  if (!isStatic(node)) {
    problems.error(
      'the name of a file of variables is not rendered: it is read before any host is known',
      node.position,
      'put what differs between hosts or environments beside the inventory, in group_vars/',
    );
    return new Map();
  }
  const included = includes?.read(String(node.value), node.position, within);
  const root = included?.root;
  if (!included || !root || (root.kind === 'scalar' && root.value === null)) return new Map();
  if (root.kind === 'mapping') return layerOf(root, 'play', `vars_files ${node.value}`, problems);
  problems.error(
    `a file of variables is a mapping, found ${describe(plainValue(root))}`,
    root.position,
    'write `name: value` lines',
  );
  return new Map();
}
