import type { ConditionEnvironment } from './condition-environment.ts';
import { type Node, textOf, visit } from './condition-tree.ts';
import type { ConditionValues } from './condition-values.ts';
import type { Names } from './names.ts';

/** Of one value, so much. Characters. */
const MOST = 60;

/** The paths that a condition reads, as written, each once: `cluster.leader`, `vars.target`. */
export function pathsIn(root: Node, environment: ConditionEnvironment): string[] {
  const found = new Map<Node, string>();
  const inner = new Set<Node>();
  visit(root, (node) => {
    if (node.op !== '.' && node.op !== '[]') return;
    const [base] = node.args as readonly Node[];
    if (base) inner.add(base);
    const begin = rootOf(node);
    if (begin !== undefined && Object.hasOwn(environment.root, begin)) found.set(node, textOf(node));
  });
  return [...new Set([...found].filter(([node]) => !inner.has(node)).map(([, text]) => text))];
}

function rootOf(node: Node): string | undefined {
  if (node.op === 'id') return String(node.args);
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [base] = node.args as readonly Node[];
  return base && rootOf(base);
}

/** What a condition saw when it came to its answer: `cluster.leader is "db2", vars.target is "db1"`. */
export function seenText(
  paths: readonly string[],
  environment: ConditionEnvironment,
  values: ConditionValues,
  scope: Names,
): string {
  const context = values.context(scope);
  return paths.map((path) => `${path} is ${valueText(path, environment, context)}`).join(', ');
}

function valueText(path: string, environment: ConditionEnvironment, context: object): string {
  try {
    const value: unknown = environment.cel.parse(path)(context as never);
    return shown(value);
  } catch {
    return 'not known';
  }
}

function shown(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint' ? Number(part) : part,
  );
  if (text === undefined) return 'nothing';
  if (text.length <= MOST) return text;
  if (Array.isArray(value)) return `a list of ${value.length}`;
  return typeof value === 'string' ? `${text.slice(0, MOST)}…` : 'a mapping';
}
