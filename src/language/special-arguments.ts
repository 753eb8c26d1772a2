import type { Position } from '../core/diagnostic.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';
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
  readonly [resource: string]: {
    readonly [argument: string]: 'template' | 'file' | 'either' | 'files' | 'conditions' | 'kept';
  };
} = {
  template: { src: 'template' },
  copy: { src: 'file' },
  fetch: { dest: 'kept' },
  file: { src: 'file' },
  release: { files: 'files' },
  script: { src: 'either' },
  systemd_unit: { src: 'either' },
  unarchive: { src: 'file' },
  advise: { that: 'conditions' },
  assert: { that: 'conditions' },
};

export function isConditions(resource: string, argument: string): boolean {
  return SPECIAL[resource]?.[argument] === 'conditions';
}

/** Adds what a file argument stands for: `content` rendered from a template, or `source` of a local file. */
export function withFiles(
  draft: TaskDraft,
  args: Args,
  files: ControllerFiles,
  scope: Names,
): { readonly [name: string]: Value } {
  for (const [argument, kind] of Object.entries(SPECIAL[draft.resource.name] ?? {})) {
    const value = args[argument];
    if (kind === 'conditions' || value === undefined) continue;
    const node = entryOf(draft.args, argument)?.value;
    const position = node?.position ?? draft.position;
    if (kind === 'kept') return withKept(args, value, { files, scope, position });
    if (kind !== 'files') return withFile(draft.resource.name, args, kind, { files, scope, position });
    if (!Array.isArray(value)) continue;
    const items = value.map((item: Value, index) => {
      const own = node?.kind === 'list' ? node.items[index] : undefined;
      return withOneOfFiles(draft.resource.name, item, {
        files,
        scope,
        position: own?.position ?? position,
      });
    });
    return { ...args, [argument]: items };
  }
  return args;
}

type Args = { readonly [name: string]: Value };

interface Place {
  readonly files: ControllerFiles;
  readonly scope: Names;
  readonly position: Position;
}

/** A file that is to be kept on the controller: its path from here, and what is there already. */
function withKept(args: Args, dest: Value, { files, position }: Place): Args {
  if (typeof dest !== 'string') return args;
  if (dest === '' || dest.endsWith('/'))
    throw new Mistake('`dest` must be a file, found a directory', position, 'write the name of the file too');
  return { ...args, ...files.kept(dest, position) };
}

/** One of a list of files: a template where its name says so, else copied byte for byte. */
function withOneOfFiles(resource: string, item: Value, place: Place): Value {
  if (!isRecord(item) || item.src === undefined) return item;
  return withFile(resource, item, 'either', place);
}

function withFile(resource: string, args: Args, kind: 'template' | 'file' | 'either', place: Place): Args {
  if (args.content !== undefined)
    throw new Mistake(
      `\`${resource}\` has both \`src\` and \`content\``,
      place.position,
      'write one of the two',
    );
  const isTemplate = kind === 'either' ? String(args.src).endsWith('.hbs') : kind === 'template';
  const value = fileValue(isTemplate ? 'template' : 'file', args.src as Value, place);
  return { ...args, [isTemplate ? 'content' : 'source']: value };
}

function fileValue(kind: 'template' | 'file', src: Value, { files, scope, position }: Place): Value {
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
export function judged(conditions: readonly Condition[], scope: Names, sensitive: boolean): Value {
  return conditions.map((condition) => {
    const holds = condition.evaluate(scope);
    const seen = holds === false && !sensitive ? condition.seen(scope) : '';
    return { expression: condition.text, holds, ...(seen === '' ? {} : { seen }) };
  });
}
