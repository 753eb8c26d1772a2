import { Unknown, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import type { Entry, Located, LocatedScalar } from './located.ts';
import { type Names, namesOf } from './names.ts';
import { Mistake } from './problems.ts';
import type { StepReading } from './read-step.ts';
import { renderScalar } from './render-value.ts';
import { entry, listNode, textNode } from './step-blocks.ts';

/** `hosts` of a step, rendered with parameters and what the command line gives, and with nothing else. */
export function stepHosts({ key, value }: Entry, reading: StepReading): Entry {
  const items = value.kind === 'list' ? value.items : [value];
  const rendered = items.map((item) => renderHosts(item, reading));
  return entry(key, value.kind === 'list' ? listNode(rendered, value.position) : (rendered[0] ?? value));
}

function renderHosts(node: Located, { params, given, problems }: StepReading): Located {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node;
  const names = { ...given, ...Object.fromEntries(params.map(({ name, value }) => [name, value])) };
  const value = problems.collect(() => {
    const found = renderedWith(node, namesOf('parameter', names));
    if (found instanceof Unknown || typeof found === 'string') return found;
    throw new Mistake(`\`hosts\` must be a host or a group, found ${describe(found)}`, node.position);
  }, node.position);
  // What is not given yet may be any of them.
  return textNode(typeof value === 'string' ? value : 'all', node.position);
}

function renderedWith(node: LocatedScalar, names: Names): Value {
  try {
    return renderScalar(node, names);
  } catch (error) {
    if (!(error instanceof Mistake)) throw error;
    const hint = 'the hosts of a step are rendered with `params` and -e only, before any host is known';
    throw new Mistake(error.message, error.position, hint);
  }
}
