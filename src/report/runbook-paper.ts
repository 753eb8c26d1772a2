import type { Judgement } from '../core/runbook.ts';
import { declaredKey, type RunbookPlan, type RunbookPlanStep } from '../core/runbook-plan.ts';
import { duration } from './duration.ts';
import { hostNames } from './host-names.ts';
import { type StepGroup, stepGroups } from './step-group.ts';
import { harmless } from './text.ts';

/** A runbook to be followed by hand, printed before it is needed: numbered, with the commands as typed on each host. */
export function runbookPaper(plan: RunbookPlan): string {
  const { name, description, params, objectives, lost, invariants, steps, file } = plan;
  return [
    `# ${inline(name)}`,
    ...(description === '' ? [] : ['', harmless(description)]),
    '',
    `From \`${file}\`, as things were when it was printed. Tick each box; stop where a check does not come out as written.`,
    '',
    ...(objectives.rtoMs === undefined ? [] : [`- To be done in ${duration(objectives.rtoMs)}.`]),
    ...(objectives.rpoMs === undefined ? [] : [`- May lose at most ${duration(objectives.rpoMs)} of data.`]),
    ...(lost.length === 0
      ? []
      : [`- Lost for good: ${hostNames(lost)}. Make sure that they stay powered off.`]),
    ...params.map((param) => `- ${inline(param.description || param.name)}: \`${harmless(param.value)}\``),
    ...section(
      'Throughout',
      invariants.map((judgement) => `- ${checkText(judgement)}`),
    ),
    ...steps.flatMap(stepText),
    '',
  ].join('\n');
}

function stepText(planned: RunbookPlanStep): string[] {
  const { step, description, hosts, skipped, guards, confirm, pointOfNoReturn, verify, timeoutMs } = planned;
  const on = hosts.length === 0 ? 'no host' : hostNames(hosts);
  return [
    '',
    ...(pointOfNoReturn ? ['---', '', '**POINT OF NO RETURN: what follows cannot be undone.**', ''] : []),
    `## ${step.number}. ${inline(step.name)}`,
    '',
    `On ${on}${skipped === undefined ? '' : ` (not now: ${skipped})`}${timeoutMs === undefined ? '' : `; in ${duration(timeoutMs)} at most`}.`,
    ...(description === '' ? [] : ['', harmless(description)]),
    ...section('Check first', [
      ...(guards.length === 0 ? [] : planned.looks.map((look) => `- look at ${inline(look)}`)),
      ...guards.map((guard) => `- [ ] ${checkText(guard)}`),
    ]),
    ...(confirm
      ? [
          '',
          `Say aloud, or have somebody read with you: **${inline(confirm.text)}**. ${harmless(confirm.message ?? '')}`,
        ]
      : []),
    ...section('Do', doText(planned)),
    ...section(
      'Expect',
      (verify?.conditions ?? []).map(
        ({ expression, msg }) =>
          `- [ ] within ${duration(verify?.withinMs ?? 0)}: \`${harmless(expression)}\`${msg === undefined ? '' : `; else: ${inline(msg)}`}`,
      ),
    ),
    ...section('To go back', backText(planned)),
  ];
}

function backText({ undo, tasks }: RunbookPlanStep): string[] {
  if (!undo) return tasks === 0 ? [] : ['- There is no way back.'];
  if (undo.tasks === 0) return ['- Nothing to take back.'];
  const lines = doText(undo);
  return lines.length === 0 ? ['- Known when its turn comes: run it with `--undo`.'] : lines;
}

function checkText({ expression, msg, seen, state }: Judgement): string {
  const now =
    state === 'holds'
      ? 'it did'
      : state === 'broken'
        ? `it did not${seen === undefined ? '' : `: ${seen}`}`
        : 'not known then';
  const instead = msg === undefined ? '' : ` If not: ${inline(msg.trim())}`;
  return `check that \`${harmless(expression)}\` (when printed: ${inline(now)}).${instead}`;
}

function doText(planned: RunbookPlanStep): string[] {
  return stepGroups(planned.play).flatMap((group, index) => [
    `${index + 1}. ${inline(group.step.task.name)}, on ${hostNames(group.hosts)}${group.step.skipped === undefined ? '' : ` (not now: ${inline(group.step.skipped)})`}:`,
    '',
    ...commandText(planned, group),
    '',
  ]);
}

/** The commands as they would run; else what has to be made sure. */
function commandText({ declared }: RunbookPlanStep, { step }: StepGroup): string[] {
  if (step.commands.length > 0)
    return [
      '   ```sh',
      ...step.commands.flatMap((command) =>
        harmless(command)
          .split('\n')
          .map((line) => `   ${line}`),
      ),
      '   ```',
    ];
  const wanted = declared[declaredKey(step.task.id, step.host, step.item)];
  const known =
    wanted === undefined || step.sensitive ? `${step.task.resource}` : `${step.task.resource}: ${wanted}`;
  const now = step.change.action === 'none' && step.skipped === undefined ? ' (it was so when printed)' : '';
  return [`   make sure: ${inline(known)}${now}`];
}

function section(title: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : ['', `### ${title}`, '', ...lines];
}

/** Text that Markdown leaves alone, on one line. */
function inline(text: string): string {
  return harmless(text)
    .replaceAll('\n', ' ')
    .replace(/[\\`*_[\]|~#<>]/g, '\\$&');
}
