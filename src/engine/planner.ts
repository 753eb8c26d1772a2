import { adviceIn, isChanging } from '../core/change.ts';
import type { Plan, PlannedPlay, PlannedStep } from '../core/plan.ts';
import type { Play, Playbook, Task } from '../core/task.ts';
import { Addresses } from './addresses.ts';
import { Blinding } from './blinding.ts';
import { decide } from './decide.ts';
import { type Decision, taskLabel } from './decision.ts';
import type { Ground } from './ground.ts';
import { keepersFromBefore } from './handler-key.ts';
import { Outlook } from './outlook.ts';
import { isRescue, PlannedBlocks } from './planned-blocks.ts';
import { type Masking, plannedStep } from './planned-step.ts';
import { registeredTask } from './registered.ts';
import { Registers } from './registers.ts';
import { actingHosts, isFlush } from './stretches.ts';

type HandlerState = NonNullable<PlannedStep['handler']>;

/** Everything that a walk carries along from task to task. */
interface Walk {
  readonly ground: Ground;
  readonly playbook: Playbook;
  readonly masking: Masking;
  readonly outlook: Outlook;
  readonly registers: Registers;
  readonly blinding: Blinding;
  readonly addresses: Addresses;
  readonly warnings: Set<string>;
  /** Handlers that have had their turn: what an earlier run left pending is then done. */
  readonly handled: Set<string>;
  readonly blocks: PlannedBlocks;
}

/**
 * The plan as far as it can be told from what was seen. Facts that it needs and nobody has looked at
 * are left as wanted in the store: look at them and plan again until nothing is wanted.
 */
export function planFrom(
  ground: Ground,
  playbook: Playbook,
  masking: Masking,
  registers = new Registers(),
): Omit<Plan, 'unreachable'> {
  const walk: Walk = {
    ground,
    playbook,
    masking,
    outlook: new Outlook(ground.kinds),
    registers: registers.copy(),
    blinding: new Blinding(),
    addresses: new Addresses(),
    warnings: new Set(playbook.warnings.map((w) => w.message)),
    handled: new Set(),
    blocks: new PlannedBlocks(),
  };
  const plays = playbook.plays.map((play) => planPlay(walk, play));
  return {
    schema: 'fanops/plan/1',
    playbook: playbook.file,
    plays,
    warnings: [...walk.warnings, ...walk.blinding.warnings()],
  };
}

function planPlay(walk: Walk, play: Play): PlannedPlay {
  walk.addresses.newPlay();
  const hosts = play.batches.flat();
  if (hosts.length === 0)
    walk.warnings.add(
      `play "${play.name}" has no host: its pattern is an empty group, or --limit leaves all out`,
    );
  const steps = play.batches.flatMap((batch) => {
    const reached = batch.filter((host) => walk.ground.hello(host) !== undefined);
    return planBatch(walk, play, reached);
  });
  return { id: play.id, name: play.name, hosts, steps: inOrder(steps, hosts) };
}

function planBatch(walk: Walk, play: Play, hosts: readonly string[]): PlannedStep[] {
  const steps: PlannedStep[] = [];
  const notified = pendingFromBefore(walk, play, hosts);
  for (const task of play.tasks) {
    if (isFlush(task)) {
      if (!isRescue(task)) steps.push(...planHandlers(walk, play, hosts, notified));
      continue;
    }
    if (isRescue(task)) {
      steps.push(...hosts.map((host) => walk.blocks.planRescue(task, host, walk.registers)));
      continue;
    }
    for (const decision of planTask(walk, play, task, hosts)) {
      walk.blocks.note(decision);
      const step = plannedStep(decision, walk.masking);
      steps.push(step);
      noteAdvice(walk, step);
      for (const name of notifiedBy(decision)) noteHandler(notified, name, decision);
    }
  }
  return [...steps, ...planHandlers(walk, play, hosts, notified)];
}

/** Decides one task on all hosts that act for it, and lets what follows know of it. */
function planTask(walk: Walk, play: Play, task: Task, hosts: readonly string[]): Decision[] {
  const all: Decision[] = [];
  const acting = actingHosts(walk.ground, task, hosts);
  for (const host of acting) {
    const decisions: Decision[] = [];
    for (const decision of decide(walk.ground, walk.outlook, task, host, walk.registers.of(host))) {
      decisions.push(decision);
      // A handler may set again what a task of its play declares: it comes later.
      if (!play.handlers.includes(task)) walk.addresses.check(decision);
      walk.blinding.note(decision);
      warnOutsideLimit(walk, play, decision);
      addToOutlook(walk.outlook, decision);
    }
    all.push(...decisions);
    if (task.register !== undefined) {
      const value = registeredTask(decisions, []);
      for (const one of acting.length === hosts.length ? [host] : hosts)
        walk.registers.set(one, task.register, value);
    }
  }
  return all;
}

export function addToOutlook(outlook: Outlook, decision: Decision): void {
  if (!isChanging(decision.change)) return;
  const { resource, args, change, task } = decision;
  const sure = change.action !== 'unknown' && resource.scope !== 'cluster';
  const predictions = sure ? (resource.predict?.(args as never, change) ?? []) : [];
  const by = { label: taskLabel(task), number: task.number };
  const hosts = resource.scope === 'cluster' && decision.view ? decision.view.members : [decision.on];
  for (const host of hosts) outlook.add(by, host, decision.touches, predictions);
}

function notifiedBy(decision: Decision): readonly string[] {
  return isChanging(decision.change) ? decision.task.notify : [];
}

/** Handler name -> host -> how sure it is that it runs. */
type Notified = Map<string, Map<string, HandlerState>>;

function noteHandler(notified: Notified, name: string, decision: Decision): void {
  const hosts = notified.get(name) ?? new Map<string, HandlerState>();
  const state: HandlerState = decision.change.action === 'unknown' ? 'perhaps' : 'notified';
  if (hosts.get(decision.host) === undefined || state === 'notified') hosts.set(decision.host, state);
  notified.set(name, hosts);
}

function pendingFromBefore(walk: Walk, play: Play, hosts: readonly string[]): Notified {
  const notified: Notified = new Map();
  for (const handler of play.handlers) {
    const isPending = (host: string): boolean =>
      !walk.handled.has(JSON.stringify([handler.name, host])) &&
      keepersFromBefore(walk.ground, walk.playbook, handler, host).length > 0;
    const pending = hosts.filter(isPending);
    if (pending.length) notified.set(handler.name, new Map(pending.map((host) => [host, 'pending'])));
  }
  return notified;
}

function planHandlers(walk: Walk, play: Play, hosts: readonly string[], notified: Notified): PlannedStep[] {
  const steps: PlannedStep[] = [];
  for (const handler of play.handlers) {
    const states = notified.get(handler.name);
    if (!states) continue;
    const concerned = hosts.filter((host) => states.has(host));
    for (const decision of planTask(walk, play, handler, concerned)) {
      const state = states.get(decision.host) ?? 'notified';
      steps.push({ ...plannedStep(decision, walk.masking), handler: state });
    }
    for (const host of concerned) walk.handled.add(JSON.stringify([handler.name, host]));
    notified.delete(handler.name);
  }
  return steps;
}

function warnOutsideLimit(walk: Walk, play: Play, decision: Decision): void {
  const { view, change, resource } = decision;
  if (resource.scope !== 'cluster' || !view || !isChanging(change)) return;
  const inLimit = new Set(play.batches.flat());
  const outside = view.members.filter((member) => !inLimit.has(member));
  if (outside.length)
    walk.warnings.add(
      `task ${decision.task.number} (${taskLabel(decision.task)}) concerns the whole group: it may change ${outside.join(', ')} too, outside of the hosts chosen`,
    );
}

function noteAdvice(walk: Walk, { change }: PlannedStep): void {
  const said = adviceIn(change);
  if (said !== undefined) walk.warnings.add(walk.masking.masker.mask(said));
}

function inOrder(steps: readonly PlannedStep[], hosts: readonly string[]): PlannedStep[] {
  const rank = new Map(hosts.map((host, index) => [host, index]));
  return steps
    .map((step, index) => ({ step, index }))
    .sort(
      (a, b) =>
        Number(a.step.handler !== undefined) - Number(b.step.handler !== undefined) ||
        a.step.task.number - b.step.task.number ||
        (rank.get(a.step.host) ?? 0) - (rank.get(b.step.host) ?? 0) ||
        a.index - b.index,
    )
    .map(({ step }) => step);
}

/** Whether there is nothing to do at all, not even something to wait for or to read. */
export function isSettled(plan: Plan): boolean {
  return plan.plays.every((play) => play.steps.every((step) => step.change.action === 'none'));
}
