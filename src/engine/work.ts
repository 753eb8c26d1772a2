import { isChanging } from '../core/change.ts';
import type { Command, CommandResult } from '../core/command.ts';
import type { Failure } from '../core/event.ts';
import { type Decision, taskRef } from './decision.ts';
import {
  batchFailed,
  blockedFailure,
  leasedFailure,
  notConverged,
  notPlanned,
  notReading,
  stillUnknown,
  toGoOn,
  whenMended,
} from './failure.ts';
import type { ItemOutcome } from './item-outcome.ts';
import { judgeItem } from './judge.ts';
import { isUnreachable } from './looking.ts';
import { lostWith, UNSEEN } from './lost.ts';
import { type Performance, perform } from './perform.ts';
import { plannedKey, type Run } from './run.ts';
import type { Placed } from './segment.ts';
import { freshView, remaining, wantAgain } from './verify.ts';
import { pause } from './wait.ts';
import { runsShell, workApart } from './work-apart.ts';

/** Does a segment's work. What was not begun has no outcome. */
export async function workThrough(
  run: Run,
  work: readonly Placed[],
  handler: boolean,
): Promise<Map<Placed, ItemOutcome>> {
  const outcomes = await carryOut(run, work, handler);
  for (const [placed, outcome] of outcomes) outcomes.set(placed, forgiven(placed.decision, outcome));
  return outcomes;
}

/** `ignore_errors` is for what failed or took too long; a host that is lost or in doubt is lost all the same. */
function forgiven({ task }: Decision, outcome: ItemOutcome): ItemOutcome {
  const why = outcome.failure?.outcome;
  const isForgiven = task.ignoreErrors && (why === 'failed' || why === 'timed-out');
  return isForgiven ? { ...outcome, outcome: 'ignored' } : outcome;
}

async function carryOut(
  run: Run,
  work: readonly Placed[],
  handler: boolean,
): Promise<Map<Placed, ItemOutcome>> {
  const outcomes = new Map<Placed, ItemOutcome>();
  const [first] = work;
  if (!first) return outcomes;
  const refused = work.map((p) => refusal(run, p.decision, handler)).findIndex((f) => f !== undefined);
  const doable = refused < 0 ? work : work.slice(0, refused);
  const [head] = doable;
  if (!head) {
    outcomes.set(first, failedWith(refusal(run, first.decision, handler) as Failure));
    return outcomes;
  }
  const apart = workApart(run, head.decision, () => oneRound(run, head.decision, handler));
  if (apart) outcomes.set(head, await apart);
  else if (head.decision.task.retry) outcomes.set(head, await retry(run, head.decision, handler));
  else if (head.decision.resource.scope === 'cluster')
    outcomes.set(head, await inRounds(run, head.decision, handler));
  else await doBatch(run, doable, handler, outcomes);
  return outcomes;
}

/** Why a decision must not be carried out. */
function refusal(run: Run, decision: Decision, handler: boolean): Failure | undefined {
  const { change, task, host, item } = decision;
  if (change.action === 'blocked') return blockedFailure(change, whenMended(run));
  if (change.action === 'unknown') return stillUnknown(change);
  if (run.onlyReads && (isChanging(change) || !runsShell(decision))) return notReading(decision);
  if (isOffPlan(run, decision)) return undefined;
  const isUnchanged = run.unchanged.has(plannedKey(task.id, host, run.masker.mask(item?.label ?? '')));
  if (!handler && isUnchanged && isChanging(change) && !change.grows) return notPlanned(change);
  return undefined;
}

/** After a failure that was ignored or rescued, the plan, which told of the way without failures, does not bind any more. */
function isOffPlan({ offPlan }: Run, { host, on, resource }: Decision): boolean {
  return offPlan.has(host) || offPlan.has(on) || (resource.scope === 'cluster' && offPlan.size > 0);
}

async function doBatch(
  run: Run,
  work: readonly Placed[],
  handler: boolean,
  outcomes: Map<Placed, ItemOutcome>,
): Promise<void> {
  const decisions = work.map((p) => p.decision);
  const on = (decisions[0] as Decision).on;
  const begun = new Set<Decision>();
  const performance = await performOrLose(run, on, decisions, handler, (decision) => begun.add(decision));
  if ('outcome' in performance) {
    // A batch stops at its first failure: what had begun last is in question, what had begun before it is done.
    const last = work.findLast(({ decision }) => begun.has(decision)) ?? (work[0] as Placed);
    for (const placed of work.slice(0, work.indexOf(last))) outcomes.set(placed, UNSEEN);
    outcomes.set(last, performance);
    return;
  }
  for (const { decision } of work) wantAgain(run, decision);
  await run.lookAtWanted();
  for (const placed of work) {
    const outcome = await outcomeOf(run, placed.decision, performance);
    if (!outcome) return;
    outcomes.set(placed, outcome);
    if (outcome.failure) return;
  }
}

/** How one decision of a batch ended; undefined when it was not begun. */
async function outcomeOf(
  run: Run,
  decision: Decision,
  { batch, performed }: Performance,
): Promise<ItemOutcome | undefined> {
  const own = performed.find((p) => p.decision === decision);
  const stoppedBefore = batch.outcome === 'failed' || batch.outcome === 'cancelled';
  if (own?.results.length === 0 && own.commands.length > 0 && stoppedBefore) return undefined;
  const ended = shellOutcome(run, decision, { batch, performed });
  if (ended.failure) return ended;
  return converged(run, decision, own?.commands ?? [], own?.results ?? []);
}

/** How the commands of one decision ended, before anything is looked at again. */
function shellOutcome(run: Run, decision: Decision, { batch, performed }: Performance): ItemOutcome {
  const own = performed.find((p) => p.decision === decision);
  const results = own?.results ?? [];
  const commands = own?.commands ?? [];
  const isWhole = results.length === commands.length && results.every((result) => result.status === 0);
  if (isWhole) return { outcome: 'ok', outputs: results };
  if (batch.outcome === 'done' || batch.outcome === 'failed')
    return judgeItem(run, decision, commands, results, freshView(run, decision));
  const command = commands[results.length - 1];
  const isLate = batch.outcome === 'timed-out' && command !== undefined;
  const reason = isLate ? `it was ended after ${command.timeoutMs / 1000} s, its timeout` : batch.reason;
  return failedWith(
    batchFailed(batchOutcome(batch.outcome), reason ?? batch.outcome, command?.script, results.at(-1), run),
    results,
  );
}

async function converged(
  run: Run,
  decision: Decision,
  commands: readonly Extract<Command, { kind: 'shell' }>[],
  results: ItemOutcome['outputs'],
): Promise<ItemOutcome> {
  const left = await remaining(run, decision);
  const lost = run.contacts.whyLost(decision.on);
  if (lost !== undefined) return lostWith(run, lost);
  if (left.action !== 'none') return failedWith(notConverged(left), results);
  const fresh = freshView(run, decision);
  return judgeItem(run, decision, commands, results, fresh);
}

/** A cluster's change: member after member, the elected one first, looking again after each round. */
async function inRounds(run: Run, decision: Decision, handler: boolean): Promise<ItemOutcome> {
  const members = decision.view?.members ?? [decision.on];
  const outputs: CommandResult[] = [];
  let current = decision;
  for (let round = 1; ; round += 1) {
    const ended = await oneRound(run, current, handler);
    if (ended.outcome !== 'ok') return ended;
    outputs.push(...ended.outputs);
    for (const member of members) run.ground.facts.forget(member);
    wantAgain(run, decision);
    await run.lookAtWanted();
    const left = await remaining(run, decision);
    if (left.action === 'none') return judgeItem(run, decision, [], outputs, freshView(run, decision));
    if (left.action === 'blocked' || round >= (decision.resource.rounds ?? 1))
      return failedWith(notConverged(left), outputs);
    current = { ...freshView(run, decision), change: left };
  }
}

async function oneRound(run: Run, decision: Decision, handler: boolean): Promise<ItemOutcome> {
  const { resource, args, change, view } = decision;
  if (!view) throw new Error(`${decision.task.name} has nothing to run yet`);
  const outputs: CommandResult[] = [];
  const commands = resource.commands(args as never, change, view);
  const hosts = new Set(commands.map((c) => (c.kind === 'shell' ? c.on : undefined) ?? decision.on));
  for (const on of hosts) {
    if (run.signal?.aborted) return stoppedBefore(run, on, outputs);
    const performance = await performOrLose(run, on, [decision], handler);
    if ('outcome' in performance) return performance;
    const outcome = shellOutcome(run, decision, performance);
    if (outcome.failure) return outcome;
    outputs.push(...outcome.outputs);
  }
  return { outcome: 'ok', outputs };
}

/** The operator stopped it while other members were at work. */
function stoppedBefore(run: Run, member: string, outputs: ItemOutcome['outputs']): ItemOutcome {
  const message = `stopped before ${member} was sent anything`;
  return failedWith({ outcome: 'stopped', message, next: toGoOn(run) }, outputs);
}

/** Runs it until its `until` holds, as often as `retries` allows. */
async function retry(run: Run, decision: Decision, handler: boolean): Promise<ItemOutcome> {
  const { retries, delayMs } = decision.task.retry ?? { retries: 0, delayMs: 0 };
  for (let attempt = 1; ; attempt += 1) {
    const outcomes = new Map<Placed, ItemOutcome>();
    const placed: Placed = { decision, at: { task: 0, item: 0 }, isLast: true };
    await doBatch(run, [placed], handler, outcomes);
    const outcome = outcomes.get(placed) ?? stoppedBetween(run, attempt - 1);
    const isFinal = outcome.failure?.outcome !== 'failed' && outcome.failure?.outcome !== 'timed-out';
    if (isFinal || attempt > retries) return outcome;
    if (run.signal?.aborted) return stoppedBetween(run, attempt, outcome);
    run.emit({
      type: 'status',
      host: decision.host,
      task: taskRef(decision.task),
      text: `attempt ${attempt} of ${retries + 1}: ${outcome.failure.message}`,
    });
    await pause(run, delayMs);
    if (run.signal?.aborted) return stoppedBetween(run, attempt, outcome);
  }
}

/** The operator stopped it, and what it waits for did not hold yet. */
function stoppedBetween(run: Run, attempts: number, last?: ItemOutcome): ItemOutcome {
  const failure: Failure = {
    outcome: 'stopped',
    message: `stopped after ${attempts === 1 ? 'one attempt' : `${attempts} attempts`}`,
    next: toGoOn(run),
  };
  return failedWith({ ...last?.failure, ...failure }, last?.outputs);
}

async function performOrLose(
  run: Run,
  on: string,
  decisions: readonly Decision[],
  handler: boolean,
  begun?: (decision: Decision) => void,
): Promise<Performance | ItemOutcome> {
  try {
    // One that only `delegate_to` names was never asked for.
    await run.contacts.reach([on]);
    const lost = run.contacts.whyLost(on);
    if (lost !== undefined) return lostWith(run, lost);
    const isChange = decisions.some((decision) => isChanging(decision.change));
    const held = isChange ? await run.leases.take(on) : undefined;
    if (held) return failedWith(leasedFailure(held));
    return await perform(run, on, decisions, handler, begun);
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    if (run.ending.aborted) run.leases.keep(on);
    run.contacts.lose(on, error.message);
    return lostWith(run, error.message);
  }
}

function batchOutcome(outcome: string): Failure['outcome'] {
  if (outcome === 'timed-out') return 'timed-out';
  if (outcome === 'in-doubt') return 'in-doubt';
  if (outcome === 'cancelled') return 'stopped';
  if (outcome === 'fenced') return 'leased';
  return 'failed';
}

function failedWith(failure: Failure, outputs: ItemOutcome['outputs'] = []): ItemOutcome {
  return { outcome: 'failed', outputs, failure };
}
