import { NONE } from '../../core/change.ts';
import type { Example, JsonSchema, Resource } from '../../core/resource.ts';
import { PATH_RESULT } from '../file.ts';
import {
  type Edit,
  type EditedFile,
  editedCommands,
  editedDiff,
  editedNeeds,
  isAway,
} from './edited-file.ts';
import { fileTouches } from './regular-file.ts';

export interface Edited extends EditedFile {
  readonly state?: 'present' | 'absent';
}

/** What a resource that edits a file otherwise not ours says of itself. */
interface Editing<Args extends Edited> {
  readonly name: string;
  readonly summary: string;
  readonly examples: readonly Example[];
  readonly schema: JsonSchema;
  address(args: Args): string;
  editOf(args: Args): Edit;
}

/** A resource that keeps some lines in a file, or keeps them out of it. */
export function editing<Args extends Edited>({
  editOf,
  ...own
}: Editing<Args>): Resource<Args, { readonly path: string }> {
  return {
    ...own,
    kind: 'resource',
    scope: 'host',
    result: PATH_RESULT,
    identity: ['path'],
    needs: editedNeeds,
    diff: (args, facts) =>
      isAway(args, adds(args), facts) ? NONE : editedDiff(args, adds(args), editOf(args), facts),
    commands: (args, change, facts) => editedCommands(args, adds(args), editOf(args), change, facts),
    touches: ({ path }, change) => fileTouches(path, change),
    registered: ({ path }) => ({ path }),
  };
}

/** Whether something is wanted in the file. */
export function adds({ state }: Edited): boolean {
  return state !== 'absent';
}
