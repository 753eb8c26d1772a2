import type { Value } from '../core/value.ts';
import type { Located, LocatedScalar } from './located.ts';
import type { Names } from './names.ts';
import { Mistake, orUnknown } from './problems.ts';
import { hasTemplate, parseTemplate, type Template } from './template.ts';
import { evaluateTemplate } from './template-evaluate.ts';

const parsed = new WeakMap<LocatedScalar, Template>();

/** A value with every template in it rendered; parts that are not known yet are Unknown. Throws a Mistake. */
export function renderValue(node: Located, scope: Names): Value {
  if (node.kind === 'scalar') return renderScalar(node, scope);
  if (node.kind === 'list') return node.items.map((item) => renderValue(item, scope));
  return Object.fromEntries(
    node.entries.map(({ key, keyPosition, value }) => {
      if (hasTemplate(key))
        throw new Mistake('keys are not rendered, only values', keyPosition, 'write the key as it is');
      return [key, renderValue(value, scope)];
    }),
  );
}

export function renderScalar(node: LocatedScalar, scope: Names): Value {
  const { value } = node;
  if (typeof value !== 'string' || !hasTemplate(value)) return value;
  return orUnknown(() => evaluateTemplate(templateOf(node, value), scope));
}

/** Whether the value is the same for every host: nothing in it is rendered. */
export function isStatic(node: Located): boolean {
  if (node.kind === 'list') return node.items.every(isStatic);
  if (node.kind === 'mapping') return node.entries.every(({ value }) => isStatic(value));
  return typeof node.value !== 'string' || !hasTemplate(node.value);
}

function templateOf(node: LocatedScalar, text: string): Template {
  const known = parsed.get(node);
  if (known) return known;
  const template = parseTemplate(text, node.at);
  parsed.set(node, template);
  return template;
}
