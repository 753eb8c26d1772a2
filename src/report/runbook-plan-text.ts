import type { PlannedPlay } from '../core/plan.ts';
import { declaredKey, type RunbookPlan, type RunbookPlanStep } from '../core/runbook-plan.ts';
import { duration } from './duration.ts';
import { hostNames } from './host-names.ts';
import { type Paint, plainPaint } from './paint.ts';
import { planStepLines } from './plan-step.ts';
import { judgementLines } from './runbook-progress.ts';
import { type StepGroup, stepGroups } from './step-group.ts';
import { harmless } from './text.ts';

/** A runbook as it would run now, step by step: guards, what to type, commands per host, how to go back. */
export function runbookPlanText(plan: RunbookPlan, paint: Paint = plainPaint): string {
  return [
    ...headLines(plan, paint),
    ...plan.invariants.flatMap((judgement) => judgementLines('always', judgement, paint)),
    ...plan.steps.flatMap((step) => ['', ...stepLines(step, plan.steps.length, paint)]),
    ...plan.unreachable.map(
      ({ host, reason }) => `\n${paint('unreachable', `Unreachable: ${host}:`)} ${harmless(reason)}`,
    ),
    '',
  ].join('\n');
}

function headLines({ name, description, params, objectives, lost }: RunbookPlan, paint: Paint): string[] {
  const rto = objectives.rtoMs === undefined ? '' : `  (RTO ${duration(objectives.rtoMs)})`;
  return [
    paint('strong', `RUNBOOK ${harmless(name)}${rto}`),
    ...(description === ''
      ? []
      : harmless(description)
          .split('\n')
          .map((line) => `  ${line}`)),
    ...params.map((param) => `  ${param.name} = ${harmless(param.value)}`),
    ...(lost.length === 0 ? [] : [`  lost: ${hostNames(lost)}`]),
  ];
}

function stepLines(planned: RunbookPlanStep, total: number, paint: Paint): string[] {
  const { step, hosts, skipped, isLater, guards, confirm, pointOfNoReturn, verify, play } = planned;
  const title = `step ${step.number} of ${total}: ${harmless(step.name)}`;
  const shown = hosts.length === 0 ? 'no host' : hostNames(hosts);
  return [
    ...(pointOfNoReturn ? [paint('failed', '──── POINT OF NO RETURN ────')] : []),
    `${paint('strong', title)}  [${shown}]${skipped === undefined ? '' : `  skipped: ${skipped}`}`,
    ...guards.flatMap((judgement) => indented(judgementLines('guard', judgement, paint))),
    ...(confirm ? [`  to be typed: ${harmless(confirm.text)}`] : []),
    ...indented(playLines(planned, play, paint)),
    ...(isLater && play.steps.length > 0
      ? [paint('quiet', '  (as things are now; planned again when its turn comes)')]
      : []),
    ...(verify?.conditions ?? []).map(
      ({ expression }) => `  then, within ${duration(verify?.withinMs ?? 0)}: ${harmless(expression)}`,
    ),
    ...indented(backLines(planned, paint)),
  ];
}

function backLines({ undo, tasks }: RunbookPlanStep, paint: Paint): string[] {
  if (!undo) return tasks === 0 ? [] : ['to go back: there is no way'];
  if (undo.tasks === 0) return ['to go back: nothing to take back'];
  const lines = playLines(undo, undo.play, paint);
  return lines.length === 0
    ? ['to go back: (known when its turn comes)']
    : ['to go back:', ...indented(lines)];
}

function playLines(planned: RunbookPlanStep, play: PlannedPlay, paint: Paint): string[] {
  return stepGroups(play).flatMap((group) => [
    `${group.step.task.number}. ${harmless(group.step.task.name)}`,
    ...planStepLines(group, paint, true),
    ...declaredLines(planned, group),
  ]);
}

/** What stands already, or cannot be told yet, is shown as it is declared. */
function declaredLines({ declared }: RunbookPlanStep, { step }: StepGroup): string[] {
  if (step.commands.length > 0 || step.skipped !== undefined || step.sensitive) return [];
  const text = declared[declaredKey(step.task.id, step.host, step.item)];
  return text === undefined ? [] : [`      ${step.task.resource}: ${harmless(text).replaceAll('\n', ' ')}`];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `  ${line}`);
}
