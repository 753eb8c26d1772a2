import type { TaskDraft } from './draft.ts';
import type { Located, LocatedScalar } from './located.ts';
import { didYouMean } from './nearest.ts';
import type { Problems } from './problems.ts';

const NOWHERE = { file: '', line: 1, column: 1 };

const WORD: LocatedScalar = {
  kind: 'scalar',
  position: NOWHERE,
  value: 'flush_handlers',
  plain: true,
  written: 'flush_handlers',
  at: () => NOWHERE,
};

/** `meta: flush_handlers`, as Ansible puts it behind `pre_tasks` and before `post_tasks`. */
export const FLUSH: Located = {
  kind: 'mapping',
  position: NOWHERE,
  entries: [{ key: 'meta', keyPosition: NOWHERE, value: WORD }],
};

/** The task with topics replaced by the handlers that listen to them. */
export function withHandlers(task: TaskDraft, handlers: readonly TaskDraft[], problems: Problems): TaskDraft {
  if (task.notify.length === 0) return task;
  const named = task.notify.flatMap((node) => {
    const found = handlers.filter(({ name, listen }) => name === node.value || isTopic(listen, node));
    if (found.length === 0) refuseUnknown(node, handlers, problems);
    return found.map(({ name }): LocatedScalar => ({ ...node, value: name }));
  });
  const isFirst = (node: LocatedScalar, index: number): boolean =>
    named.findIndex(({ value }) => value === node.value) === index;
  return { ...task, notify: named.filter(isFirst) };
}

export function checkHandlers(
  tasks: readonly TaskDraft[],
  handlers: readonly TaskDraft[],
  problems: Problems,
): void {
  const names = handlers.map((handler) => handler.name);
  handlers.forEach((handler, index) => {
    if (names.indexOf(handler.name) < index)
      problems.error(
        `there are two handlers called \`${handler.name}\``,
        handler.position,
        'give them different names',
      );
  });
  for (const { listen } of tasks)
    for (const topic of listen)
      problems.error(
        '`listen` has a meaning only at handlers',
        topic.position,
        'move the task below `handlers:`, or remove it',
      );
}

function isTopic(listen: readonly LocatedScalar[], { value }: LocatedScalar): boolean {
  return listen.some((topic) => topic.value === value);
}

function refuseUnknown(node: LocatedScalar, handlers: readonly TaskDraft[], problems: Problems): void {
  const known = handlers.flatMap(({ name, listen }) => [name, ...listen.map(({ value }) => String(value))]);
  problems.error(
    `the play has no handler called \`${node.value}\``,
    node.position,
    known.length > 0
      ? didYouMean(String(node.value), known, 'handlers')
      : 'write it under `handlers:` of the play',
  );
}
