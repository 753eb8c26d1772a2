import { isChanging } from '../core/change.ts';
import { InputError } from '../core/diagnostic.ts';
import type { PlannedPlay } from '../core/plan.ts';
import type { Judgement, Step } from '../core/runbook.ts';
import type { RunbookPlan, RunbookPlanStep } from '../core/runbook-plan.ts';
import { isSecretName, MASK } from '../core/secret.ts';
import type { Play } from '../core/task.ts';
import { Unknown } from '../core/value.ts';
import { declarations, shownValue } from './declared.ts';
import { partOf } from './part.ts';
import { awayHosts } from './runbook-advice.ts';
import { evaluate, lookAt, onHosts } from './runbook-checks.ts';
import { type RunbookContext, stepRef } from './runbook-context.ts';
import { askWhen, confirmationOf } from './runbook-step.ts';

type Planning = Omit<RunbookContext, 'operator' | 'answers' | 'recaps' | 'clock' | 'signal' | 'advice'>;

/**
 * Every step as things are now, its guards judged now. What a step registers is not known before it is done, and
 * a step after one that changes something is marked: it is planned again when its turn comes.
 */
export async function planRunbook(context: Planning): Promise<RunbookPlan> {
  const { runbook } = context;
  const invariants: Judgement[] = [];
  for (const checks of runbook.invariants) invariants.push(...(await evaluate(context, checks)));
  const steps: RunbookPlanStep[] = [];
  const unreachable = new Map<string, string>();
  for (const step of runbook.steps) {
    steps.push(await planStep(context, step, steps.some(hasWork), unreachable));
  }
  return {
    schema: 'fanops/runbook-plan/1',
    file: runbook.file,
    name: runbook.name,
    description: runbook.description,
    params: runbook.params.map(({ name, description, value }) => ({
      name,
      description,
      value: isSecretName(name) ? MASK : shownValue(value),
    })),
    objectives: runbook.objectives,
    lost: runbook.lost,
    invariants,
    steps,
    unreachable: [...unreachable].map(([host, reason]) => ({ host, reason })),
  };
}

/** Whether a step would change something: from there on, what is seen now may not hold any more. */
export function hasWork({ play }: RunbookPlanStep): boolean {
  return play.steps.some(({ change }) => isChanging(change));
}

async function planStep(
  context: Planning,
  step: Step,
  isLater: boolean,
  unreachable: Map<string, string>,
): Promise<RunbookPlanStep> {
  const { engine, runbook, registers } = context;
  const away = await awayHosts(context, step);
  const present = step.hosts.filter((host) => !away.includes(host));
  const guards = step.guard ? await evaluate(context, step.guard, present) : [];
  if (step.look && !step.guard) await lookAt(context, step.look, present);
  const taking = hostsNow(context, step, present);
  const play = onHosts(step.play, taking.hosts);
  const planned = await planPlay(context, play);
  for (const { host, reason } of planned.unreachable) unreachable.set(host, reason);
  const [first] = taking.hosts;
  const confirmation =
    step.confirm && first !== undefined ? confirmationOf(context, step.confirm, first) : undefined;
  const declared = declarations(play, (host) => ({
    host,
    registers: registers.of(host),
    facts: engine.facts(host),
  }));
  blur(context, step);
  return {
    step: stepRef(runbook, step),
    description: step.description,
    hosts: taking.hosts,
    ...(taking.skipped === undefined ? {} : { skipped: taking.skipped }),
    isLater,
    looks: looksOf(context, step),
    guards,
    ...confirmShown(confirmation),
    pointOfNoReturn: step.pointOfNoReturn,
    tasks: step.play.tasks.length,
    play: planned.play,
    declared,
    ...verifyShown(context, step),
    ...(step.timeoutMs === undefined ? {} : { timeoutMs: step.timeoutMs }),
    ...(step.undo ? { undo: await planStep(context, step.undo, true, unreachable) } : {}),
  };
}

/** What a step looks at, once for what is the same on several hosts. */
function looksOf({ engine, registers }: Planning, { look }: Step): readonly string[] {
  if (!look) return [];
  const named = new Map(look.tasks.map(({ id, resource }) => [id, resource]));
  const declared = declarations(look, (host) => ({
    host,
    registers: registers.of(host),
    facts: engine.facts(host),
  }));
  const texts = Object.entries(declared).map(([key, text]) => `${named.get(JSON.parse(key)[0])}: ${text}`);
  return [...new Set(texts)];
}

/** A play that cannot be rendered with what is known before the run is planned when its turn comes. */
async function planPlay(
  { engine, runbook, registers }: Planning,
  play: Play,
): Promise<{ play: PlannedPlay; unreachable: readonly { host: string; reason: string }[] }> {
  try {
    const { plays, unreachable } = await engine.plan(partOf(runbook.file, play, registers));
    return { play: plays[0] as PlannedPlay, unreachable };
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return { play: { id: play.id, name: play.name, hosts: play.batches.flat(), steps: [] }, unreachable: [] };
  }
}

function hostsNow(
  context: Planning,
  step: Step,
  present: readonly string[],
): { hosts: readonly string[]; skipped?: string } {
  if (present.length === 0) return { hosts: [], skipped: 'no host is left' };
  const { when } = step;
  if (!when) return { hosts: present };
  const answers = present.map((host) => ({ host, holds: askWhen(context, when, host) }));
  const open = answers.find(({ holds }) => holds instanceof Unknown || holds instanceof InputError);
  if (open) return { hosts: present, skipped: 'whether it begins is not known yet' };
  const hosts = answers.filter(({ holds }) => holds === true).map(({ host }) => host);
  return hosts.length > 0 ? { hosts } : { hosts, skipped: '`when` does not hold now' };
}

function confirmShown(
  confirmation: ReturnType<typeof confirmationOf> | undefined,
): Pick<RunbookPlanStep, 'confirm'> | object {
  if (confirmation === undefined) return {};
  if (confirmation instanceof InputError || confirmation instanceof Unknown)
    return { confirm: { text: '(known when its turn comes)' } };
  return { confirm: confirmation };
}

/** The conditions as written; their messages as far as they can be told now. */
function verifyShown(
  { engine, registers }: Planning,
  { verify }: Step,
): Pick<RunbookPlanStep, 'verify'> | object {
  if (!verify) return {};
  const [host] = verify.conditions.batches.flat();
  if (host === undefined) return {};
  const scope = { host, registers: registers.of(host), facts: engine.facts(host) };
  const items = Object.values(declarations(onHosts(verify.conditions, [host]), () => scope, asConditions));
  return { verify: { conditions: items.flat(), withinMs: verify.withinMs } };
}

function asConditions(args: { readonly [name: string]: unknown }): { expression: string; msg?: string }[] {
  const { that, msg } = args;
  const conditions = Array.isArray(that) ? (that as { expression: string }[]) : [];
  return conditions.map(({ expression }) => ({ expression, ...(typeof msg === 'string' ? { msg } : {}) }));
}

/** What a step registers by doing something is not known to later ones before it is done. */
function blur({ registers, hosts }: Planning, step: Step): void {
  for (const { register, name } of [...step.play.tasks, ...step.play.handlers])
    if (register !== undefined)
      for (const host of hosts) registers.set(host, register, new Unknown(`step ${step.number}: ${name}`));
}
