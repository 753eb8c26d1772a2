import { EDITED_PROPERTIES, type Edit, insertAt, patternOf } from './parts/edited-file.ts';
import { type Edited, editing } from './parts/editing.ts';
import { object, oneOf, text } from './parts/schema.ts';

export interface LineInFileArgs extends Edited {
  readonly line: string;
  readonly match?: string;
  readonly insert_after?: string;
}

export const lineInFile = editing<LineInFileArgs>({
  name: 'line_in_file',
  summary: 'A line that is in a file, or is not. Prefer a whole file, or a drop-in, where there is a choice.',
  examples: [
    {
      title: 'One setting, checked before the file is replaced',
      yaml: `- name: Sessions end when nobody answers
  line_in_file:
    path: /etc/ssh/sshd_config
    match: "^#?ClientAliveInterval "
    line: ClientAliveInterval 30
    validate: sshd -t -f %s
`,
    },
  ],
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
  address: ({ path, line }) => `line ${path} ${line}`,
  editOf,
});

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
