import { isDeepStrictEqual } from 'node:util';
import { isChanging } from '../core/change.ts';
import { freeze, memoryVault } from '../core/json.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Plan, PlannedStep } from '../core/plan.ts';
import type { Playbook } from '../core/task.ts';
import { Course } from './course.ts';
import { blockedFailure } from './failure.ts';
import { plannedKey, type Run } from './run.ts';

/** A host that cannot be reached: nothing is begun, so that nothing stays half-done. */
export function refuseUnreachable(run: Run, all: Plan['unreachable']): Outcome | undefined {
  const unreachable = hindering(run.playbook, all);
  if (unreachable.length === 0) return undefined;
  for (const play of run.playbook.plays) for (const host of play.batches.flat()) run.recaps.see(host);
  for (const { host } of unreachable) run.recaps.unreachable(host);
  const names = unreachable.map(({ host }) => host).join(', ');
  run.emit({
    type: 'warning',
    text: `nothing was done: ${names} could not be reached (--limit leaves hosts out)`,
  });
  return finish(run, 'unreachable');
}

/** The unreachable hosts that a play does not go without. */
export function hindering({ plays }: Playbook, unreachable: Plan['unreachable']): Plan['unreachable'] {
  const needed = plays.filter((play) => !play.ignoresUnreachable).flatMap((play) => play.batches.flat());
  return unreachable.filter(({ host }) => needed.includes(host));
}

/** The steps that cannot be carried out and whose failure is neither ignored nor rescued. */
export function blockedSteps(playbook: Playbook, planned: Plan): readonly PlannedStep[] {
  const bearable = playbook.plays.flatMap(({ tasks, handlers }) => {
    const course = new Course(tasks);
    return [...tasks, ...handlers].filter((task) => task.ignoreErrors || course.isRescuable(task));
  });
  const ignorable = new Set(bearable.map((task) => task.id));
  const steps = planned.plays.flatMap((play) => play.steps);
  return steps.filter((step) => step.change.action === 'blocked' && !ignorable.has(step.task.id));
}

/** Something that cannot be done is known before anything is: nothing is begun. */
export function refuseBlocked(run: Run, planned: Plan): Outcome | undefined {
  const blocked = blockedSteps(run.playbook, planned);
  if (blocked.length === 0) return undefined;
  for (const play of planned.plays) for (const host of play.hosts) run.recaps.see(host);
  for (const step of blocked) {
    run.recaps.count(step.host, ['failed']);
    run.emit({
      type: 'end',
      ...step,
      outcome: 'failed',
      failure: blockedFailure(step.change, 'mend the cause and begin again'),
      durationMs: 0,
      handler: false,
    });
  }
  run.emit({ type: 'warning', text: 'nothing was done: the plan has steps that cannot be carried out' });
  return finish(run, 'failed');
}

/** The hosts are not any more as they were when the plan was made. */
export function refuseStale(run: Run, planned: Plan, now: Plan): Outcome | undefined {
  const differences = [...differing(planned, now)];
  if (differences.length === 0) return undefined;
  for (const text of differences.slice(0, 20)) run.emit({ type: 'warning', text });
  run.emit({ type: 'warning', text: 'nothing was done: the plan is stale; plan again' });
  for (const play of planned.plays) for (const host of play.hosts) run.recaps.see(host);
  return finish(run, 'stale');
}

function* differing(planned: Plan, now: Plan): Generator<string> {
  const vault = memoryVault('stale');
  const index = (plan: Plan): Map<string, PlannedStep> =>
    new Map(plan.plays.flatMap((p) => p.steps).map((s) => [plannedKey(s.task.id, s.host, s.item), s]));
  const before = index(planned);
  const after = index(now);
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(key), after.get(key)];
    // A wait that has become necessary, or has not, changes nothing: what was approved still holds.
    if (!matters(a) && !matters(b)) continue;
    if (isGrowth(a, b)) continue;
    if (isDeepStrictEqual(freeze(a, vault), freeze(b, vault))) continue;
    const step = b ?? a;
    yield `${step?.address} on ${step?.host}: planned ${a?.change.action ?? 'nothing'}, now ${b?.change.action ?? 'nothing'}${fieldsThatDiffer(a, b)}`;
  }
}

function matters(step: PlannedStep | undefined): boolean {
  return step !== undefined && (isChanging(step.change) || step.change.action === 'blocked');
}

/** More than was planned of what grows by itself, or nothing of it any more: what was approved still holds. */
function isGrowth(a: PlannedStep | undefined, b: PlannedStep | undefined): boolean {
  const isOne = (step: PlannedStep | undefined): boolean =>
    step !== undefined && (step.change.action === 'none' || step.change.grows === true);
  return isOne(a) && isOne(b);
}

function fieldsThatDiffer(a: PlannedStep | undefined, b: PlannedStep | undefined): string {
  const names = new Set([...(a?.change.fields ?? []), ...(b?.change.fields ?? [])].map((f) => f.field));
  return names.size === 0 ? '' : ` (${[...names].join(', ')})`;
}

export function finish(run: Run, outcome: Outcome): Outcome {
  run.emit({ type: 'finished', outcome, recap: run.recaps.toRecord(), pendingHandlers: {} });
  return outcome;
}
