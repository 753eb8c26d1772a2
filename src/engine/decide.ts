import { blocked, type Change, isChanging, NONE } from '../core/change.ts';
import { type InputError, mistake } from '../core/diagnostic.ts';
import { type FactRequest, type FactView, factKey, type Looked } from '../core/fact.ts';
import type { AnyResource } from '../core/resource.ts';
import type { RenderedItem, Scope, Task } from '../core/task.ts';
import type { Touch } from '../core/touch.ts';
import { Unknown, unknownIn, type Value } from '../core/value.ts';
import { type Decision, type Need, taskLabel, unknownChange } from './decision.ts';
import { brokenText } from './failure.ts';
import { factsOf, type Ground } from './ground.ts';
import { ask } from './guarded.ts';
import { eyesOf } from './looking.ts';
import { membersOf } from './members.ts';
import type { Outlook } from './outlook.ts';

/** Thrown inside a comparison whose facts nobody has looked at yet; they are noted as wanted. */
export class NotLooked extends Error {}

const ANYTHING: readonly Touch[] = [{ on: 'anything' }];

/**
 * Decides every item of one task on one host, as far as facts, registers and what is due allow. One after
 * the other: what is due from an item is in the outlook (the caller's doing) before the next is asked for.
 */
export function* decide(
  ground: Ground,
  outlook: Outlook,
  task: Task,
  host: string,
  registers: { readonly [name: string]: Value },
): Generator<Decision> {
  const resource = resourceOf(ground, task);
  const scope: Scope = { host, registers, facts: factsOf(ground, host) };
  const items = task.render(scope);
  if (items instanceof Unknown) yield undecided(task, resource, host, undefined, items);
  else for (const item of items) yield decideItem(ground, outlook, task, resource, scope, item);
}

function decideItem(
  ground: Ground,
  outlook: Outlook,
  task: Task,
  resource: AnyResource,
  scope: Scope,
  item: RenderedItem,
): Decision {
  if (item.when === false) return skipped(task, resource, scope.host, item);
  if (item.on instanceof Unknown) return undecided(task, resource, scope.host, item, item.on);
  const members = membersOf(ground, resource, item);
  if (members instanceof Unknown) return undecided(task, resource, scope.host, item, members);
  const on = resource.scope === 'cluster' ? elected(ground, members, item.on) : item.on;

  const needs = needsOf(ground, resource, item, members);
  if (needs instanceof Unknown) return undecided(task, resource, scope.host, item, needs, on);
  for (const need of needs) lookUp(ground, outlook, need);

  const unknown = item.when instanceof Unknown ? item.when : unknownIn(item.args as Value);
  if (unknown) return { ...undecided(task, resource, scope.host, item, unknown, on), needs };

  const view = viewOf(ground, outlook, on, members, item.as);
  const seen = compare(resource, item, view, needs);
  if (seen === undefined)
    return {
      ...undecided(task, resource, scope.host, item, new Unknown('looking'), on),
      needs,
      isUnseen: true,
    };
  const due = needs.map((n) => outlook.clouding(n.host, n.request)).find((d) => d !== undefined);
  const open = due ? readingOnly(resource, item, unknownChange(due.label, seen)) : seen;
  const change = withStaticJudgement(task, scope, item, open);
  return {
    task,
    resource,
    host: scope.host,
    on,
    item,
    args: item.args,
    address: resource.address(item.args as never),
    change,
    view,
    needs,
    touches: isChanging(change)
      ? (item.touches ?? task.touches ?? resource.touches(item.args as never, change))
      : [],
    ...(due ? { cloudedBy: due.number } : {}),
  };
}

/** Everything that it must know: of the hosts that do it, and of others. */
function needsOf(
  ground: Ground,
  resource: AnyResource,
  item: RenderedItem,
  members: readonly string[],
): readonly Need[] | Unknown {
  const requests = ask(item.args, (args) => resource.needs(args));
  if (requests instanceof Unknown) return requests;
  const far = ask(item.args, (args) => resource.needsElsewhere?.(args) ?? []);
  if (far instanceof Unknown) return far;
  const near = requests.flatMap((request) => members.map((host) => ({ host, request })));
  for (const { host } of far) checkIsHost(ground, resource, host);
  return [...near, ...far].map(({ host, request }) => seenBy(ground, host, request, item.as));
}

function checkIsHost(ground: Ground, { name }: AnyResource, host: string): void {
  const hosts = ground.inventory.hosts.map((h) => h.name);
  if (!hosts.includes(host))
    throw mistake(`${name}: expected a host of ${ground.inventory.file}, found "${host}"`, {
      hint: `hosts: ${hosts.join(', ')}`,
    });
}

/** The difference, with the details that show it better; undefined when something is still to be looked at. */
function compare(
  resource: AnyResource,
  item: RenderedItem,
  view: FactView,
  needs: readonly Need[],
): Change | undefined {
  try {
    for (const need of needs) view.get(need.request, need.host);
    const change = resource.diff(item.args as never, view);
    if (!isChanging(change) || !resource.detail) return change;
    const details = resource.detail(item.args as never, change);
    if (details.length === 0) return change;
    for (const request of details) view.get(request);
    return resource.diff(item.args as never, view);
  } catch (error) {
    if (error instanceof NotLooked) return undefined;
    throw error;
  }
}

/** What touches nothing whatever it finds (a wait, a question) cannot turn out to be a change. */
function readingOnly(resource: AnyResource, item: RenderedItem, change: Change): Change {
  return resource.touches(item.args as never, change).length === 0 ? { ...change, risk: 'reads' } : change;
}

/** `changed_when: false` is the author's promise that it only reads. */
function withStaticJudgement(task: Task, scope: Scope, item: RenderedItem, change: Change): Change {
  if (change.action !== 'run' && change.likely !== 'run') return change;
  if (!task.judges?.includes('changed')) return change;
  const promised = task.judge('changed', scope, new Unknown(taskLabel(task)), item);
  return promised === false ? { ...change, risk: 'reads' } : change;
}

/**
 * The facts as one resource sees them. What was read once stays as it was read, whatever is seen later;
 * reading one that nobody has looked at notes it as wanted and throws NotLooked.
 */
export function viewOf(
  ground: Ground,
  outlook: Outlook,
  host: string,
  members: readonly string[],
  as: string | undefined,
): FactView {
  const read = new Map<string, Looked<unknown>>();
  return {
    host,
    members,
    get<V>(request: FactRequest<V>, member: string = host): Looked<V> {
      const key = `${member} ${factKey(request)}`;
      const looked = read.get(key) ?? lookUp(ground, outlook, seenBy(ground, member, request, as));
      if (looked === undefined) throw new NotLooked(`${request.kind} on ${member}`);
      read.set(key, looked);
      return looked as Looked<V>;
    },
  };
}

function seenBy(ground: Ground, host: string, request: FactRequest, as: string | undefined): Need {
  return { host, request, ...eyesOf(as, ground.hello(host)) };
}

function lookUp(ground: Ground, outlook: Outlook, need: Need): Looked<unknown> | undefined {
  return outlook.predicted(need.host, need.request) ?? ground.facts.get(need.host, need);
}

/** The member that acts for the group: the first that was reached. */
function elected(ground: Ground, members: readonly string[], otherwise: string): string {
  return members.find((member) => ground.hello(member) !== undefined) ?? otherwise;
}

function resourceOf(ground: Ground, task: Task): AnyResource {
  const resource = ground.resources.get(task.resource);
  if (!resource) throw new Error(`no resource is called ${task.resource}`);
  return resource;
}

function undecided(
  task: Task,
  resource: AnyResource,
  host: string,
  item: RenderedItem | undefined,
  unknown: Unknown,
  on = host,
): Decision {
  const args = item?.args ?? {};
  const change = unknownChange(unknown.after);
  const touches = ask(args, (known) => resource.touches(known, change));
  const address = item ? ask(args, (known) => resource.address(known)) : new Unknown('');
  return {
    task,
    resource,
    host,
    on,
    item,
    args,
    address: address instanceof Unknown ? `${resource.name}` : address,
    change,
    view: undefined,
    needs: [],
    touches: item?.touches ?? task.touches ?? (item && !(touches instanceof Unknown) ? touches : ANYTHING),
  };
}

/** A task that cannot be rendered with what is known by now: its host ends there, the others go on. */
export function broken(ground: Ground, task: Task, host: string, mistake: InputError): Decision {
  const resource = resourceOf(ground, task);
  const change = blocked(brokenText(mistake));
  return { ...settled(task, resource, host, undefined), change };
}

function skipped(task: Task, resource: AnyResource, host: string, item: RenderedItem): Decision {
  return { ...settled(task, resource, host, item), skipped: `when: ${item.whenText}` };
}

export function settled(
  task: Task,
  resource: AnyResource,
  host: string,
  item: RenderedItem | undefined,
): Decision {
  return {
    task,
    resource,
    host,
    on: host,
    item,
    args: {},
    address: resource.name,
    change: NONE,
    view: undefined,
    needs: [],
    touches: [],
  };
}
