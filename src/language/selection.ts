import type { TaskDraft } from './draft.ts';
import { didYouMean } from './nearest.ts';
import { Mistake } from './problems.ts';

/** Which tasks run: all, or those with one of the tags; `always` and `never` are special. */
export interface Selection {
  readonly tags: readonly string[];
  readonly skipTags: readonly string[];
}

export function isSelected(task: TaskDraft, { tags, skipTags }: Selection): boolean {
  const has = (tag: string): boolean => task.tags.includes(tag);
  if (skipTags.some((tag) => has(tag) || (tag === 'tagged' && task.tags.length > 0))) return false;
  if (skipTags.includes('untagged') && task.tags.length === 0) return false;
  const isAsked = tags.some(has);
  if (has('never')) return isAsked;
  if (tags.length === 0 || tags.includes('all') || has('always')) return true;
  if (tags.includes('tagged')) return task.tags.length > 0;
  if (tags.includes('untagged')) return task.tags.length === 0 || isAsked;
  return isAsked;
}

/** Throws a Mistake for a tag that no task has: it would silently select nothing. */
export function checkTags(selection: Selection, tasks: readonly TaskDraft[]): void {
  const known = new Set([
    'all',
    'tagged',
    'untagged',
    'always',
    'never',
    ...tasks.flatMap((task) => task.tags),
  ]);
  for (const [flag, tags] of [
    ['--tags', selection.tags],
    ['--skip-tags', selection.skipTags],
  ] as const)
    for (const tag of tags)
      if (!known.has(tag))
        throw new Mistake(
          `${flag}: no task has the tag \`${tag}\``,
          undefined,
          didYouMean(tag, known, 'tags'),
        );
}
