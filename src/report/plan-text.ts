import { type Plan, type PlannedPlay, type PlanSummary, summarize } from '../core/plan.ts';
import { hostNames } from './host-names.ts';
import { type Paint, plainPaint } from './paint.ts';
import { planStepLines } from './plan-step.ts';
import { type StepGroup, stepGroups } from './step-group.ts';
import { harmless } from './text.ts';

export interface PlanTextOptions {
  readonly paint?: Paint;
  /** Shows commands, and what is skipped or needs no change. */
  readonly verbose?: boolean;
  /** Shows commands all the same. */
  readonly commands?: boolean;
}

/** A plan as people read it. Says the same for the same plan, always. */
export function planText(plan: Plan, options: PlanTextOptions = {}): string {
  const paint = options.paint ?? plainPaint;
  const plays = plan.plays.map((play) => playLines(play, paint, options));
  return [
    ...plays.filter((lines) => lines.length > 0).flatMap((lines) => [...lines, '']),
    ...section(unreachableLines(plan, paint)),
    ...section(plan.warnings.map((warning) => `${paint('warning', 'Warning:')} ${harmless(warning)}`)),
    summaryLine(plan),
    '',
  ].join('\n');
}

/** `Plan: 3 to add, 1 to change, 0 to destroy, …`, or `No changes.` */
export function summaryLine(plan: Plan): string {
  const count = summarize(plan);
  if (isEmpty(count)) return nothingText(plan);
  const parts = [
    `${count.create} to add`,
    `${count.update} to change`,
    `${count.delete} to destroy`,
    `${count.run} to run`,
    `${count.unknown} unknown`,
    `${count.blocked} blocked`,
  ];
  return `Plan: ${parts.join(', ')}.`;
}

/** "No changes" is claimed only for what was looked at. */
function nothingText({ plays, unreachable }: Plan): string {
  if (unreachable.length === 0) return 'No changes.';
  const lost = new Set(unreachable.map(({ host }) => host));
  const reached = plays.some((play) => play.hosts.some((host) => !lost.has(host)));
  return reached ? 'No changes on the hosts that were reached.' : 'No host was reached.';
}

export function isEmpty(count: PlanSummary): boolean {
  return count.create + count.update + count.delete + count.run + count.unknown + count.blocked === 0;
}

function playLines(
  play: PlannedPlay,
  paint: Paint,
  { verbose = false, commands = verbose }: PlanTextOptions,
): string[] {
  const groups = stepGroups(play).filter((group) => verbose || isWorthShowing(group));
  if (groups.length === 0) return [];
  const lines = [paint('strong', `PLAY ${harmless(play.name)}  [${hostNames(play.hosts)}]`)];
  let task = '';
  for (const group of groups) {
    if (group.step.task.id !== task) lines.push('', taskLine(group, paint));
    task = group.step.task.id;
    lines.push(...planStepLines(group, paint, commands));
  }
  return lines;
}

function taskLine({ step: { task } }: StepGroup, paint: Paint): string {
  return `${task.number}. ${harmless(task.name)}  ${paint('quiet', `(${task.file}:${task.line})`)}`;
}

function isWorthShowing({ step }: StepGroup): boolean {
  if (step.rescue !== undefined) return step.rescue === 'perhaps';
  return step.skipped === undefined && step.change.action !== 'none';
}

function unreachableLines(plan: Plan, paint: Paint): string[] {
  return plan.unreachable.map(
    ({ host, reason }) => `${paint('unreachable', `Unreachable: ${host}:`)} ${harmless(reason)}`,
  );
}

function section(lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [...lines, ''];
}
