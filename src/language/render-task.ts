import type { JsonSchema } from '../core/resource.ts';
import type { RenderedItem, Scope, Task } from '../core/task.ts';
import { Unknown, type Value } from '../core/value.ts';
import { asTextsWhereWanted, checkArguments } from './argument-check.ts';
import type { CompiledConditions } from './compile-task.ts';
import { allHold, type Condition } from './condition.ts';
import type { ControllerFiles } from './controller-files.ts';
import { type Layer, valueLayer } from './definitions.ts';
import { describe } from './describe.ts';
import type { TaskDraft } from './draft.ts';
import { withEnvironment } from './environment.ts';
import type { Loaded } from './load-inventory.ts';
import { type LoopItem, loopItems } from './loop.ts';
import type { Names } from './names.ts';
import { didYouMean } from './nearest.ts';
import { hostScope, type Moment, type PlayLayers } from './play-scope.ts';
import { Mistake, type Problems } from './problems.ts';
import { staticTouches, touchesOf } from './read-touches.ts';
import { renderScalar, renderValue } from './render-value.ts';
import type { Shape } from './shape.ts';
import { judged, withFiles } from './special-arguments.ts';

/** Everything that rendering a task needs, fixed when the playbook is loaded. */
export interface TaskContext {
  readonly draft: TaskDraft;
  readonly conditions: CompiledConditions;
  readonly loaded: Loaded;
  readonly layers: PlayLayers;
  readonly files: ControllerFiles;
  /** Registers that tasks before it set, and who sets them. */
  readonly visible: ReadonlyMap<string, string>;
  /** Registers that only later tasks set. */
  readonly later: ReadonlyMap<string, string>;
  /** The types of the registers that may be read. */
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly problems: Problems;
}

/** The task as the engine sees it. */
export function taskOf(context: TaskContext): Task {
  const { draft, conditions, problems } = context;
  return {
    id: draft.id,
    number: draft.number,
    name: draft.name,
    position: draft.position,
    resource: draft.resource.name,
    tags: draft.tags,
    ...(draft.blocks.length > 0 && { blocks: draft.blocks }),
    runOnce: draft.runOnce,
    notify: draft.notify.map((node) => String(node.value)),
    ...(draft.register !== undefined && { register: draft.register }),
    ...staticTouches(draft),
    ...(draft.retry && { retry: draft.retry }),
    ignoreErrors: draft.ignoreErrors,
    sensitive: draft.sensitive,
    judges: (['until', 'changed', 'failed'] as const).filter((question) => conditions[question]),
    render(scope) {
      const found = problems.fresh();
      const items = renderTask(context, scope.host, momentOf(context, scope), found);
      found.throwIfAny();
      return items;
    },
    judge(question, scope, result, item) {
      const asked = conditions[question];
      if (!asked) return undefined;
      const found = problems.fresh();
      const answer = found.collect(() => judge(context, asked, scope, result, item), draft.position);
      found.throwIfAny();
      return typeof answer === 'boolean' ? answer : undefined;
    },
  };
}

/** Renders all items of a task for one host; mistakes are collected, what they concern is left out. */
export function renderTask(
  context: TaskContext,
  host: string,
  moment: Moment,
  problems: Problems,
): readonly RenderedItem[] | Unknown {
  const { draft } = context;
  const scopeWith = (item: LoopItem | undefined): Names =>
    hostScope(host, context.loaded, context.layers, { ...moment, local: localLayer(draft, item?.value) });
  const before = problems.count;
  const items = draft.loop
    ? problems.collect(() => loopItems(draft, scopeWith(undefined)), draft.loop.position)
    : [undefined];
  if (items instanceof Unknown) return items;
  const rendered = (items ?? []).map((item, index) => {
    const one = renderItem(context, host, item, scopeWith(item), problems);
    return one && item ? { ...one, place: index } : one;
  });
  if (problems.count > before) return [];
  return rendered.filter((item) => item !== undefined);
}

function renderItem(
  context: TaskContext,
  host: string,
  item: LoopItem | undefined,
  scope: Names,
  problems: Problems,
): RenderedItem | undefined {
  const { draft, conditions } = context;
  const when = problems.collect(() => allHold(conditions.when, scope), draft.position);
  if (when === undefined) return undefined;
  const head = {
    key: item?.key ?? '',
    label: item?.label ?? '',
    when,
    whenText: conditions.when.map((condition) => condition.text).join(' && '),
    ...(item && { turn: item.value }),
  };
  // What a skipped task says may refer to what does not exist here: it is not read.
  if (when === false) return { ...head, args: {}, on: host, as: undefined };
  return {
    ...head,
    args: renderArguments(context, scope, problems),
    on: problems.collect(() => delegate(context, host, scope), draft.delegateTo?.position) ?? host,
    as: problems.collect(() => account(context, host, scope), draft.becomeUser?.position),
    ...touchesOf(draft, scope, problems),
  };
}

function renderArguments(
  context: TaskContext,
  scope: Names,
  problems: Problems,
): { readonly [name: string]: Value } {
  const { draft, conditions, files } = context;
  const before = problems.count;
  const args: { [name: string]: Value } = {};
  for (const { key, value } of draft.args.entries) {
    const own = conditions.args.get(key);
    const rendered = problems.collect(
      () => (own ? judged(own, scope, draft.sensitive) : renderValue(value, scope)),
      value.position,
    );
    const wanted = (draft.resource.schema.properties as { [name: string]: JsonSchema } | undefined)?.[key];
    if (rendered !== undefined) args[key] = own ? rendered : asTextsWhereWanted(rendered, wanted, value);
  }
  if (problems.count > before) return args;
  const complete = problems.collect(
    () => withFiles(draft, withEnvironment(draft, args, scope), files, scope),
    draft.position,
  );
  if (!complete) return args;
  checkArguments(complete, draft, problems);
  return complete;
}

function delegate({ draft, loaded }: TaskContext, host: string, scope: Names): string | Unknown {
  if (!draft.delegateTo) return host;
  const value = renderScalar(draft.delegateTo, scope);
  if (value instanceof Unknown) return value;
  const names = loaded.inventory.hosts.map((h) => h.name);
  if (typeof value === 'string' && names.includes(value)) return value;
  throw new Mistake(
    `\`delegate_to\` must be a host of the inventory, found ${describe(value)}`,
    draft.delegateTo.position,
    value === 'localhost'
      ? 'put `localhost: {ansible_connection: local}` into the inventory'
      : typeof value === 'string'
        ? didYouMean(value, names, 'hosts')
        : undefined,
  );
}

/** Whose account runs it; undefined: as the host is set up (itself, or root where the host says `ansible_become`). */
function account({ draft, loaded }: TaskContext, host: string, scope: Names): string | undefined {
  const session = loaded.inventory.hosts.find((h) => h.name === host);
  if (draft.become === undefined) return session?.plainUser;
  if (!draft.become) return session?.become ? session.user : undefined;
  if (!draft.becomeUser) return 'root';
  const value = renderScalar(draft.becomeUser, scope);
  if (typeof value === 'string' && value !== '') return value;
  throw new Mistake(
    `\`become_user\` must be an account, found ${describe(value)}`,
    draft.becomeUser.position,
  );
}

function judge(
  context: TaskContext,
  conditions: readonly Condition[],
  scope: Scope,
  result: Value,
  item: RenderedItem | undefined,
): boolean | Unknown {
  const { register } = context.draft;
  const registers = { ...scope.registers, result, ...(register !== undefined && { [register]: result }) };
  const local = localLayer(context.draft, item?.turn);
  const moment = { ...momentOf(context, { ...scope, registers }), local };
  return allHold(conditions, hostScope(scope.host, context.loaded, context.layers, moment));
}

function momentOf({ draft, visible, later }: TaskContext, { registers, facts }: Scope): Moment {
  return { taskVars: draft.vars, local: new Map(), registers, facts, visible, later };
}

/** The item of the task's loop, and those of loops at includes around it. */
function localLayer({ vars, turns, loopVariable }: TaskDraft, value: Value | undefined): Layer {
  const around = [...vars].filter(([name]) => Object.hasOwn(turns, name));
  const own = value === undefined ? {} : { [loopVariable]: value };
  return new Map([...around, ...valueLayer(own, 'command line', 'the loop')]);
}
