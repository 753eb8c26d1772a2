import type { Position } from '../core/diagnostic.ts';
import { Unknown, type Value } from '../core/value.ts';
import { type Condition, compileCondition } from './condition.ts';
import type { ConditionEnvironment } from './condition-environment.ts';
import type { ControllerFiles } from './controller-files.ts';
import { describe } from './describe.ts';
import type { TaskDraft } from './draft.ts';
import { type Entry, entryOf } from './located.ts';
import type { Names } from './names.ts';
import { Mistake, orUnknown, type Problems } from './problems.ts';
import { evaluateTemplate } from './template-evaluate.ts';

/** Arguments that the language itself does something with, so that resources stay pure. */
const SPECIAL: {
  readonly [resource: string]: { readonly [argument: string]: 'template' | 'file' | 'conditions' };
} = {
  template: { src: 'template' },
  copy: { src: 'file' },
  file: { src: 'file' },
  assert: { that: 'conditions' },
};

export function isConditions(resource: string, argument: string): boolean {
  return SPECIAL[resource]?.[argument] === 'conditions';
}

/** Adds what a file argument stands for: `content` rendered from a template, or `source` of a local file. */
export function withFiles(
  draft: TaskDraft,
  args: { readonly [name: string]: Value },
  files: ControllerFiles,
  scope: Names,
): { readonly [name: string]: Value } {
  for (const [argument, kind] of Object.entries(SPECIAL[draft.resource.name] ?? {})) {
    const value = args[argument];
    if (kind === 'conditions' || value === undefined) continue;
    const position = entryOf(draft.args, argument)?.value.position ?? draft.position;
    const target = kind === 'template' ? 'content' : 'source';
    if (args.content !== undefined)
      throw new Mistake(
        `\`${draft.resource.name}\` has both \`${argument}\` and \`content\``,
        position,
        'write one of the two',
      );
    return { ...args, [target]: fileValue(kind, value, files, scope, position) };
  }
  return args;
}

function fileValue(
  kind: 'template' | 'file',
  src: Value,
  files: ControllerFiles,
  scope: Names,
  position: Position,
): Value {
  if (src instanceof Unknown) return src;
  if (typeof src !== 'string') throw new Mistake(`\`src\` must be a file, found ${describe(src)}`, position);
  if (kind === 'file') return { ...files.local(src, position) };
  return orUnknown(() => evaluateTemplate(files.template(src, position), scope));
}

/** Compiles the conditions among the arguments of a task. */
export function compileConditions(
  draft: TaskDraft,
  environment: () => ConditionEnvironment,
  problems: Problems,
): ReadonlyMap<string, readonly Condition[]> {
  const compiled = new Map<string, readonly Condition[]>();
  for (const entry of draft.args.entries)
    if (isConditions(draft.resource.name, entry.key))
      compiled.set(entry.key, conditionsIn(entry, environment, problems));
  return compiled;
}

function conditionsIn(
  { key, value }: Entry,
  environment: () => ConditionEnvironment,
  problems: Problems,
): Condition[] {
  const nodes = value.kind === 'list' ? value.items : [value];
  return nodes.map((node) => compileCondition(node, environment(), { key, strict: true }, problems));
}

/** Conditions as a resource sees them: as written, and what each came to. */
export function judged(conditions: readonly Condition[], scope: Names): Value {
  return conditions.map((condition) => ({ expression: condition.text, holds: condition.evaluate(scope) }));
}
