import type { Touch } from '../core/touch.ts';
import { Unknown } from '../core/value.ts';
import { describe } from './describe.ts';
import type { TaskDraft } from './draft.ts';
import type { Fields } from './fields.ts';
import type { LocatedScalar } from './located.ts';
import type { Names } from './names.ts';
import { Mistake, type Problems } from './problems.ts';
import { isStatic, renderScalar } from './render-value.ts';

const ANYTHING: readonly Touch[] = [{ on: 'anything' }];

/** What the author says that a task alters, where that is less than its resource says; variables are rendered later. */
export function readTouches(fields: Fields, problems: Problems): LocatedScalar[] | undefined {
  if (!fields.entry('touches')) return undefined;
  const nodes = fields.texts('touches');
  for (const node of nodes) if (isStatic(node)) problems.collect(() => touchOf(node, node.value));
  return nodes;
}

/** The same for every item and host: where no variable stands in it. Mistakes in it have been told. */
export function staticTouches({ touches }: TaskDraft): { readonly touches?: readonly Touch[] } {
  if (!touches?.every(isStatic)) return {};
  try {
    return { touches: touches.map((node) => touchOf(node, node.value)) };
  } catch (error) {
    if (error instanceof Mistake) return {};
    throw error;
  }
}

/** With variables: for one item on one host. What is not known yet may be anything. */
export function touchesOf(
  { touches }: TaskDraft,
  scope: Names,
  problems: Problems,
): { readonly touches?: readonly Touch[] } {
  if (!touches || touches.every(isStatic)) return {};
  const rendered = touches.map((node) =>
    problems.collect(() => {
      const value = renderScalar(node, scope);
      return value instanceof Unknown ? value : touchOf(node, value);
    }, node.position),
  );
  if (rendered.some((touch) => touch instanceof Unknown)) return { touches: ANYTHING };
  return { touches: rendered.filter((touch): touch is Touch => touch !== undefined) };
}

function touchOf(node: LocatedScalar, value: unknown): Touch {
  const text = typeof value === 'string' ? value : '';
  if (text === 'anything') return { on: 'anything' };
  if (text.startsWith('/')) return { on: 'path', path: text };
  const match = /^(unit|account|package|cluster):(.+)$/.exec(text);
  if (match) return { on: match[1] as 'unit', name: fullName(match[1] ?? '', match[2] ?? '') };
  throw new Mistake(
    text === ''
      ? `\`touches\` names things, found ${describe(value as never)}`
      : `\`touches\` has no kind \`${text}\``,
    node.position,
    'write anything, an absolute path, unit:NAME, account:NAME, package:NAME or cluster:NAME',
  );
}

/** As systemctl has it: `etcd` means `etcd.service`. */
function fullName(kind: string, name: string): string {
  return kind === 'unit' && !name.includes('.') ? `${name}.service` : name;
}
