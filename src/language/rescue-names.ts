import type { TaskDraft } from './draft.ts';
import { INT, objectShape, type Shape, STRING } from './shape.ts';

/** What only the tasks of a `rescue` can read: which task failed, and how. */
const NAMES: { readonly [name: string]: Shape } = {
  failed_task: objectShape({ name: STRING, resource: STRING }),
  failed_result: objectShape({ message: STRING, status: INT, stdout: STRING, stderr: STRING }),
};

export function addRescueNames(
  { blocks }: TaskDraft,
  visible: Map<string, string>,
  shapes: Map<string, Shape>,
): void {
  const rescued = blocks.findLast(({ part }) => part === 'rescue');
  if (!rescued) return;
  for (const [name, shape] of Object.entries(NAMES)) {
    visible.set(name, `a task of "${rescued.name}"`);
    shapes.set(name, shape);
  }
}
