import type { Action, Change } from '../core/change.ts';
import { hostNames } from './host-names.ts';
import type { Meaning, Paint } from './paint.ts';
import type { ShownField } from './shown-field.ts';
import type { StepGroup } from './step-group.ts';
import { harmless, linesOf } from './text.ts';

/** Terraform's marks, and ours for what Terraform does not have. */
export const MARKS: { readonly [action in Action]: string } = {
  none: ' ',
  create: '+',
  update: '~',
  delete: '-',
  run: '▶',
  unknown: '?',
  blocked: '✗',
};

const MEANINGS: { readonly [action in Action]: Meaning } = {
  none: 'ok',
  create: 'added',
  update: 'changed',
  delete: 'removed',
  run: 'changed',
  unknown: 'skipped',
  blocked: 'failed',
};

/** One step of the plan, on all hosts where it is the same: a headline and what it comes to. */
export function planStepLines(group: StepGroup, paint: Paint, verbose: boolean): string[] {
  const { step } = group;
  if (step.skipped !== undefined) return [`  · ${paint('skipped', skippedText(group, step.skipped))}`];
  const details = [
    ...reasonLines(step.change),
    ...group.fields.flatMap((field) => fieldLines(field, paint)),
    ...(verbose && !step.sensitive ? step.commands.map((command) => `$ ${harmless(command)}`) : []),
  ];
  return [headline(group, paint), ...details.map((line) => `      ${line}`)];
}

function headline({ step, hosts }: StepGroup, paint: Paint): string {
  const { action, risk } = step.change;
  const mark = paint(MEANINGS[action], MARKS[action]);
  const on = step.on === step.host ? '' : ` on ${step.on}`;
  const notes = [
    ...(risk === 'restarts' || risk === 'interrupts' || risk === 'destroys'
      ? [paint('failed', `! ${risk}`)]
      : []),
    ...(step.handler === undefined ? [] : [paint('quiet', `handler, ${handlerText(step.handler)}`)]),
    ...(step.sensitive ? [paint('quiet', 'sensitive')] : []),
  ];
  const text = `${harmless(step.address)}${on}  ${paint('quiet', `[${hostNames(hosts)}]`)}`;
  return `  ${mark} ${[text, ...notes].join('  ')}`;
}

function handlerText(handler: 'notified' | 'pending' | 'perhaps'): string {
  if (handler === 'pending') return 'left pending by an earlier run';
  return handler === 'perhaps' ? 'perhaps notified' : 'notified';
}

function skippedText({ step, hosts }: StepGroup, why: string): string {
  const text = step.rescue === undefined ? `skipped (${harmless(why)})` : harmless(why);
  return `${harmless(step.address || step.task.name)}  [${hostNames(hosts)}]  ${text}`;
}

function reasonLines(change: Change): string[] {
  const lines = change.reason === undefined ? [] : linesOf(harmless(change.reason));
  if (change.action !== 'unknown') return lines;
  const after = change.after === undefined ? 'not known yet' : `known after ${harmless(change.after)}`;
  const likely = change.likely === undefined ? '' : `; now: likely ${likelyText(change.likely)}`;
  return [`(${after}${likely})`, ...lines];
}

function likelyText(action: Action): string {
  return action === 'none' ? 'no change' : action;
}

function fieldLines(field: ShownField, paint: Paint): string[] {
  if ('hidden' in field) return [`${field.field}: changes (sensitive, not shown)`];
  if ('diff' in field)
    return [`${field.field}:`, ...field.diff.map((line) => `  ${paint(diffMeaning(line), line)}`)];
  if (field.before === undefined) return [`${field.field}: ${paint('added', field.after ?? '')}`];
  if (field.after === undefined) return [`${field.field}: ${paint('removed', field.before)} -> (absent)`];
  return [`${field.field}: ${paint('removed', field.before)} -> ${paint('added', field.after)}`];
}

function diffMeaning(line: string): Meaning {
  if (line.startsWith('+')) return 'added';
  if (line.startsWith('-')) return 'removed';
  return line.startsWith('@@') ? 'place' : 'quiet';
}
