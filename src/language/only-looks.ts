import type { TaskDraft } from './draft.ts';
import { plainValue } from './located.ts';
import type { Problems } from './problems.ts';
import { FLUSH_HANDLERS } from './resource-schema.ts';

/** Programs of which only their author knows what they do. */
const PROGRAMS = ['command', 'shell', 'script'];

/** Refuses a task that may change something where only looking is allowed; `where` is what allows no more. */
export function checkOnlyLooks(
  { resource, changedWhen, position }: TaskDraft,
  where: string,
  otherwise: string,
  problems: Problems,
): void {
  const promised = changedWhen.some((node) => plainValue(node) === false);
  const isProgram = PROGRAMS.includes(resource.name);
  if (resource.onlyLooks || resource === FLUSH_HANDLERS || (isProgram && promised)) return;
  problems.error(
    `${where} only reads, and \`${resource.name}\` may do more`,
    position,
    isProgram ? 'write `changed_when: false` if it only reads' : otherwise,
  );
}
