import { InputError } from '../core/diagnostic.ts';
import type { RunEvent } from '../core/event.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Checks, Judgement } from '../core/runbook.ts';
import type { Play, RenderedItem, Task } from '../core/task.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';
import { brokenText } from './failure.ts';
import { partOf } from './part.ts';
import type { RunbookContext } from './runbook-context.ts';

type Checking = Pick<RunbookContext, 'engine' | 'registers' | 'runbook' | 'hosts' | 'emit'>;

/** Something that could not be looked at. */
export interface Trouble {
  readonly host: string;
  readonly text: string;
  readonly outcome: Outcome;
  /** The task that has to be done before it can be looked at. */
  readonly after?: string;
}

/** Looks again at what the conditions read, and judges them on every host of their play. */
export async function evaluate(
  context: Checking,
  { look, conditions }: Checks,
  hosts: readonly string[] = conditions.batches.flat(),
): Promise<readonly Judgement[]> {
  const troubles = look ? await lookAt(context, look, hosts) : [];
  return joined(
    conditions.tasks.flatMap((task) => hosts.map((host) => judgeOn(context, task, host, troubles))),
  );
}

/** Carries out a play that only reads; what it registers with one value for all of its hosts is there for all. */
export async function lookAt(
  context: Checking,
  play: Play,
  hosts: readonly string[] = play.batches.flat(),
): Promise<readonly Trouble[]> {
  const { engine, registers, runbook } = context;
  await engine.regain();
  const troubles: Trouble[] = [];
  const emit = (event: RunEvent): void => {
    if (event.type === 'connecting' || event.type === 'connected' || event.type === 'looking')
      context.emit(event);
    const trouble = troubleIn(event);
    if (trouble) troubles.push(trouble);
  };
  const own = onHosts(play, hosts);
  await engine.look(partOf(runbook.file, own, registers, { emit }));
  for (const host of hosts) {
    const reason = engine.whyLost(host);
    if (reason !== undefined)
      troubles.push({ host, text: `could not be reached: ${reason}`, outcome: 'unreachable' });
  }
  share(context, own);
  return troubles;
}

export function onHosts(play: Play, hosts: readonly string[]): Play {
  const batches = play.batches.map((batch) => batch.filter((host) => hosts.includes(host)));
  return { ...play, batches: batches.filter((batch) => batch.length > 0) };
}

/** What was registered once for all hosts of a play (it has one, or it is the cluster's) can be read on every host. */
export function share({ registers, hosts }: Checking, play: Play): void {
  const own = play.batches.flat();
  for (const { register } of [...play.tasks, ...play.handlers]) {
    if (register === undefined) continue;
    const [value, ...others] = own.map((host) => registers.of(host)[register]);
    if (value === undefined || others.some((other) => other !== value)) continue;
    for (const host of hosts) registers.set(host, register, value);
  }
}

function troubleIn(event: RunEvent): Trouble | undefined {
  if (event.type !== 'end' || event.failure === undefined || event.outcome === 'ignored') return undefined;
  const { host, task, failure, change } = event;
  const output = failure.stderr?.trim().split('\n').at(-1) ?? '';
  return {
    host,
    text: `${task.name}: ${failure.message}${output === '' ? '' : ` (${output})`}`,
    outcome: failure.outcome,
    ...(change.action === 'unknown' && change.after !== undefined ? { after: change.after } : {}),
  };
}

function judgeOn(context: Checking, task: Task, host: string, troubles: readonly Trouble[]): Judgement[] {
  const trouble = troubles.find((one) => one.host === host);
  const items = rendered(context, task, host);
  if (items instanceof InputError)
    return [unjudged(task, host, 'unseen', trouble?.text ?? brokenText(items))];
  if (items instanceof Unknown) return [unjudged(task, host, 'unknown', items.after)];
  return items.flatMap(({ args }) => judgementsIn(args, host, trouble));
}

function rendered(
  { engine, registers }: Checking,
  task: Task,
  host: string,
): readonly RenderedItem[] | Unknown | InputError {
  try {
    return task.render({ host, registers: registers.of(host), facts: engine.facts(host) });
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function judgementsIn(args: RenderedItem['args'], host: string, trouble: Trouble | undefined): Judgement[] {
  const { that, msg } = args;
  const judged = Array.isArray(that) ? that.filter(isRecord) : [];
  return judged.map(({ expression, holds, seen }): Judgement => {
    const head = {
      expression: String(expression),
      hosts: [host],
      ...(typeof msg === 'string' ? { msg } : {}),
    };
    // What was seen before cannot speak for now.
    if (trouble?.after !== undefined) return { ...head, state: 'unknown', reason: trouble.after };
    if (trouble) return { ...head, state: 'unseen', reason: trouble.text };
    if (holds instanceof Unknown) return { ...head, state: 'unknown', reason: holds.after };
    return { ...head, state: holds === true ? 'holds' : 'broken', ...(isText(seen) ? { seen } : {}) };
  });
}

function isText(value: Value | undefined): value is string {
  return typeof value === 'string';
}

function unjudged(task: Task, host: string, state: 'unknown' | 'unseen', reason: string): Judgement {
  return { expression: task.name, hosts: [host], state, reason };
}

/** The same on several hosts is said once. */
function joined(judgements: readonly Judgement[][]): Judgement[] {
  const alike = Map.groupBy(judgements.flat(), ({ hosts: _, ...rest }) => JSON.stringify(rest));
  return [...alike.values()].map((group) => ({
    ...(group[0] as Judgement),
    hosts: group.flatMap(({ hosts }) => hosts),
  }));
}

/** What conditions that must hold come to: `done`, or why not to go on. What nobody could look at does not hold. */
export function outcomeOf(
  { engine }: Pick<Checking, 'engine'>,
  judgements: readonly Judgement[],
): 'done' | 'guarded' | 'unreachable' | 'failed' {
  if (judgements.some(({ state }) => state === 'broken')) return 'guarded';
  const open = judgements.filter(({ state }) => state !== 'holds');
  if (open.length === 0) return 'done';
  return open.some(({ hosts }) => hosts.some((host) => engine.whyLost(host))) ? 'unreachable' : 'failed';
}
