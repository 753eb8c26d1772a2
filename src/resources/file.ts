import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { sh } from '../core/shell.ts';
import { pathFact } from '../facts/path.ts';
import { placeFact } from '../facts/place.ts';
import {
  fileCommands,
  fileDetail,
  fileDiff,
  fileNeeds,
  filePredict,
  fileTouches,
  type WantedFile,
} from './parts/regular-file.ts';
import { ATTRIBUTES, absolutePath, flag, object, oneOf, SOURCE, text } from './parts/schema.ts';

export interface FileArgs extends WantedFile {
  readonly state?: 'present' | 'absent';
}

/** Arguments that `file`, `copy` and `template` have in common. */
export const FILE_PROPERTIES = {
  ...ATTRIBUTES,
  content: { ...text('The whole content.'), 'x-secret': true },
  validate: {
    type: 'string',
    pattern: '%s',
    description:
      'A command that must succeed before the old file is replaced, with %s for the new one: "visudo -cf %s". Split into words; no shell.',
  },
  follow: flag('Where the path is a symbolic link, manage the file at its end; else replace the link.', true),
} as const;

/** What `register` keeps of a managed path. */
export const PATH_RESULT = object({ path: text('The managed path.') }, ['path']);

export const file: Resource<FileArgs, { readonly path: string }> = {
  name: 'file',
  kind: 'resource',
  scope: 'host',
  summary: 'A regular file: its content, owner and permissions, or that there is none.',
  examples: [
    {
      title: 'Settings that one account may read',
      yaml: `- name: Settings of the reports
  file:
    path: /etc/report.conf
    content: |
      host = {{inventory_hostname}}
    owner: root
    group: postgres
    mode: "0640"
`,
    },
  ],
  schema: object(
    {
      path: absolutePath('The file.'),
      src: text('A file on the controller, copied byte for byte.'),
      source: SOURCE,
      state: { ...oneOf(['present', 'absent'], 'Whether it is there.'), default: 'present' },
      ...FILE_PROPERTIES,
    },
    ['path'],
  ),
  result: PATH_RESULT,
  identity: ['path', 'follow', 'state'],
  address: ({ path }) => `path ${path}`,
  needs: (args) => (args.state === 'absent' ? [pathFact(args.path)] : fileNeeds(args)),
  detail: (args, change) => (args.state === 'absent' ? [] : fileDetail(args, change)),
  diff: (args, facts) => (args.state === 'absent' ? removal(args.path, facts) : fileDiff(args, facts)),
  commands: (args, change) =>
    args.state === 'absent'
      ? [
          {
            kind: 'shell',
            script: sh`rm -- ${args.path}`.text,
            display: `rm ${args.path}`,
            timeoutMs: 60_000,
          },
        ]
      : fileCommands(args, change),
  touches: (args, change) => fileTouches(args.path, change),
  predict: (args, change) =>
    args.state === 'absent'
      ? [pathFact(args.path), placeFact(args.path)].map((request) => ({
          request,
          looked: { state: 'absent' },
        }))
      : filePredict(args, change),
  registered: ({ path }) => ({ path }),
};

function removal(path: string, facts: FactView): Change {
  const looked = facts.get(pathFact(path));
  if (looked.state === 'absent') return NONE;
  if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
  const { type, mounted } = looked.value;
  if (type === 'directory')
    return blocked(`expected a file at ${path}, found a directory: use a directory task`);
  if (mounted) return blocked(`something is mounted at ${path}: unmount it first`);
  return { action: 'delete', risk: 'destroys', fields: [{ field: 'state', before: type, after: 'absent' }] };
}
