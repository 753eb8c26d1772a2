import { EDITED_PROPERTIES, type Edit, insertAt, patternOf } from './parts/edited-file.ts';
import { type Edited, editing } from './parts/editing.ts';
import { object, oneOf } from './parts/schema.ts';

export interface BlockInFileArgs extends Edited {
  readonly block?: string;
  readonly marker?: string;
  readonly insert_after?: string;
}

const MARKER = '# {mark} managed by fanops';

export const blockInFile = editing<BlockInFileArgs>({
  name: 'block_in_file',
  summary: 'Lines between two markers in a file that is otherwise not ours.',
  examples: [
    {
      title: 'Hosts known by name',
      yaml: `- name: The other site
  block_in_file:
    path: /etc/hosts
    marker: "# {mark} other site"
    block: |
      192.0.2.11 standby1
      192.0.2.12 standby2
`,
    },
  ],
  schema: {
    ...object(
      {
        ...EDITED_PROPERTIES,
        block: {
          type: 'string',
          pattern: '^[^\\u0000]*$',
          description: 'The lines between the markers.',
        },
        marker: {
          type: 'string',
          pattern: '^[^\\n\\u0000]*\\{mark\\}[^\\n\\u0000]*$',
          default: MARKER,
          description:
            'The line before and after, with {mark} where BEGIN and END stand. One for each block.',
        },
        state: { ...oneOf(['present', 'absent'], 'Whether the block is there.'), default: 'present' },
      },
      ['path'],
    ),
    anyOf: [{ required: ['block'] }, { properties: { state: { const: 'absent' } }, required: ['state'] }],
  },
  address: ({ path, marker = MARKER }) => `block ${path} ${marker}`,
  editOf,
});

function editOf({ path, block = '', marker = MARKER, state, insert_after }: BlockInFileArgs): Edit {
  const begin = marker.replaceAll('{mark}', 'BEGIN');
  const end = marker.replaceAll('{mark}', 'END');
  const inner = block === '' ? [] : block.replace(/\n$/, '').split('\n');
  const whole = state === 'absent' ? [] : [begin, ...inner, end];
  const after = patternOf('insert_after', insert_after);
  return (lines) => {
    if (after && 'problem' in after) return after;
    if (inner.includes(begin) || inner.includes(end))
      return { problem: 'the block holds its own marker: choose another marker' };
    const [first, last] = [lines.indexOf(begin), lines.indexOf(end)];
    if (first < 0 && last < 0) return lines.toSpliced(insertAt(lines, after), 0, ...whole);
    const isOne = lines.lastIndexOf(begin) === first && lines.lastIndexOf(end) === last;
    if (first < 0 || last < first || !isOne)
      return {
        problem: `the markers in ${path} are not one pair ("${begin}" … "${end}"): mend them by hand first`,
      };
    return lines.toSpliced(first, last - first + 1, ...whole);
  };
}
