import type { PlayDraft, TaskDraft } from './draft.ts';
import { plainValue } from './located.ts';
import { playsOf, type StepDraft } from './step-draft.ts';

/** What the tasks of a step register. */
export function registersOf(step: StepDraft): string[] {
  const names = tasksOf(step).map(({ register }) => register);
  return [...new Set(names.filter((name) => name !== undefined))];
}

/**
 * Names that a step may read: words of its conditions, of what is between `{{` and `}}`, and of the templates
 * that it renders. Rather one too many: who skips a step must not find out later that its result is missing.
 */
export function wordsOf(
  step: StepDraft,
  template: (name: string) => string | undefined,
): ReadonlySet<string> {
  const own = tasksOf(step);
  const undo = step.undo ? tasksOf(step.undo) : [];
  const words = [...own, ...undo].flatMap((task) => taskWords(task, template));
  return new Set(words);
}

function tasksOf(step: StepDraft): TaskDraft[] {
  const failing: PlayDraft[] = typeof step.onFailure === 'string' ? [] : [step.onFailure];
  return [...playsOf(step), ...failing].flatMap((play) => [...play.tasks, ...play.handlers]);
}

function taskWords(task: TaskDraft, template: (name: string) => string | undefined): string[] {
  const { when, until, changedWhen, failedWhen, args, loop, vars, delegateTo, becomeUser, resource } = task;
  const conditions = [...when, ...until, ...changedWhen, ...failedWhen].map(plainValue);
  const rendered = [args, loop, delegateTo, becomeUser, ...[...vars.values()].map(({ node }) => node)];
  const texts = JSON.stringify(rendered.map((node) => (node ? plainValue(node) : null)));
  const isJudged = resource.name === 'assert' || resource.name === 'advise';
  const src = plainValue(args);
  const file =
    resource.name === 'template' && typeof src === 'object' && src !== null && 'src' in src ? src.src : '';
  return [
    ...words(JSON.stringify(conditions)),
    ...(isJudged ? words(texts) : inTemplates(texts)),
    ...(typeof file === 'string' && file !== '' ? inTemplates(template(file) ?? '') : []),
  ];
}

function inTemplates(text: string): string[] {
  return [...text.matchAll(/\{\{(.*?)\}\}/gs)].flatMap(([, inside = '']) => words(inside));
}

/** Behind a dot stands a field of something else. */
function words(text: string): string[] {
  return text.match(/(?<![\w.])[A-Za-z_]\w*/g) ?? [];
}
