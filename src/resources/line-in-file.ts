import { NONE } from '../core/change.ts';
import type { Resource } from '../core/resource.ts';
import { PATH_RESULT } from './file.ts';
import {
  EDITED_PROPERTIES,
  type Edit,
  type EditedFile,
  editedCommands,
  editedDiff,
  editedNeeds,
  insertAt,
  isAway,
  patternOf,
} from './parts/edited-file.ts';
import { fileTouches } from './parts/regular-file.ts';
import { object, oneOf, text } from './parts/schema.ts';

export interface LineInFileArgs extends EditedFile {
  readonly line: string;
  readonly match?: string;
  readonly insert_after?: string;
  readonly state?: 'present' | 'absent';
}

export const lineInFile: Resource<LineInFileArgs, { readonly path: string }> = {
  name: 'line_in_file',
  kind: 'resource',
  scope: 'host',
  summary: 'A line that is in a file, or is not. Prefer a whole file, or a drop-in, where there is a choice.',
  schema: object(
    {
      ...EDITED_PROPERTIES,
      line: {
        type: 'string',
        pattern: '^[^\\n\\u0000]*$',
        description: 'The line, without its end.',
      },
      match: text(
        'A regular expression (of JavaScript): the last line that it finds is replaced; with state absent, all that it finds go.',
      ),
      state: { ...oneOf(['present', 'absent'], 'Whether the line is there.'), default: 'present' },
    },
    ['path', 'line'],
  ),
  result: PATH_RESULT,
  identity: ['path'],
  address: ({ path, line }) => `line ${path} ${line}`,
  needs: editedNeeds,
  diff: (args, facts) =>
    isAway(args, adds(args), facts) ? NONE : editedDiff(args, adds(args), editOf(args), facts),
  commands: (args, change, facts) => editedCommands(args, adds(args), editOf(args), change, facts),
  touches: ({ path }, change) => fileTouches(path, change),
  registered: ({ path }) => ({ path }),
};

function adds({ state }: LineInFileArgs): boolean {
  return state !== 'absent';
}

function editOf(args: LineInFileArgs): Edit {
  const { line, state } = args;
  const match = patternOf('match', args.match);
  const after = patternOf('insert_after', args.insert_after);
  return (lines) => {
    if (match && 'problem' in match) return match;
    if (after && 'problem' in after) return after;
    if (state === 'absent') return lines.filter((one) => one !== line && !match?.test(one));
    const found = match ? lines.findLastIndex((one) => match.test(one)) : lines.indexOf(line);
    if (found >= 0) return lines.with(found, line);
    return lines.includes(line) ? lines : lines.toSpliced(insertAt(lines, after), 0, line);
  };
}
