import { blocked, NONE } from '../core/change.ts';
import type { FactRequest } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { directoryEntriesFact } from '../facts/directory-entries.ts';
import { type PathInfo, pathFact } from '../facts/path.ts';
import { absolutePath, flag, object, text } from './parts/schema.ts';

export type StatArgs = {
  readonly path: string;
  readonly entries?: boolean;
  readonly follow?: boolean;
  readonly checksum?: boolean;
};

type Result = {
  readonly path: string;
  readonly exists: boolean;
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly empty: boolean;
  readonly size: number;
  readonly target: string;
  readonly sha256: string;
};

export const stat: Resource<StatArgs, Result> = {
  name: 'stat',
  kind: 'action',
  scope: 'host',
  onlyLooks: true,
  summary: 'Looks at a path, for later conditions. Changes nothing.',
  examples: [
    {
      title: 'Something that is done only where a file is not there yet',
      yaml: `- name: Look for the mark
  stat: { path: /var/lib/example/done }
  register: mark
- name: Do it
  when: "!mark.exists"
  command: { argv: [mkdir, -p, /var/lib/example/done] }
`,
    },
  ],
  schema: object(
    {
      path: absolutePath('What to look at.'),
      entries: flag('Look into a directory, whether it is empty.', false),
      follow: flag('Describe what a symbolic link leads to, and not the link.', true),
      checksum: flag('Read the content of a regular file for its checksum.', false),
    },
    ['path'],
  ),
  result: object(
    {
      path: text('What was looked at.'),
      exists: { type: 'boolean', description: 'Whether it is there.' },
      type: text('file, directory and so on; empty when it is not there.'),
      mode: text('Four octal digits; empty when it is not there.'),
      owner: text('Name of its owner; empty when it is not there.'),
      group: text('Name of its group; empty when it is not there.'),
      empty: {
        type: 'boolean',
        description: 'Not there, or (with `entries`) a directory that holds nothing.',
      },
      size: { type: 'integer', description: 'Bytes of a regular file; 0 for anything else.' },
      target: text('What a symbolic link says; empty for anything else.'),
      sha256: text('With `checksum`, of a regular file: SHA-256 in hexadecimal; else empty.'),
    },
    ['path', 'exists', 'type', 'mode', 'owner', 'group', 'empty', 'size', 'target', 'sha256'],
  ),
  shorthand: 'path',
  identity: ['path', 'entries', 'follow', 'checksum'],
  address: ({ path }) => `stat ${path}`,
  needs: (args) => [pathOf(args), ...(args.entries ? [directoryEntriesFact(args.path)] : [])],
  diff(args, facts) {
    const { path, entries, checksum } = args;
    const looked = facts.get(pathOf(args));
    if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
    if (checksum && looked.state === 'value' && looked.value.type === 'file' && !looked.value.sha256)
      return blocked(`could not read the content of ${path}`);
    const held = entries && looked.state === 'value' ? facts.get(directoryEntriesFact(path)) : undefined;
    return held?.state === 'unreadable' ? blocked(`could not look into ${path}: ${held.reason}`) : NONE;
  },
  commands: () => [],
  touches: () => [],
  registered(args, _change, _outputs, facts) {
    const { path, entries } = args;
    const looked = facts.get(pathOf(args));
    if (looked.state !== 'value') return { ...MISSING, path };
    const { type, mode, owner, group, size = 0, target = '', sha256 = '' } = looked.value;
    const held = entries ? facts.get(directoryEntriesFact(path)) : undefined;
    return {
      path,
      exists: true,
      type,
      mode,
      owner,
      group,
      empty: held?.state === 'value' && held.value.empty,
      size,
      target,
      sha256,
    };
  },
};

const MISSING = {
  exists: false,
  type: '',
  mode: '',
  owner: '',
  group: '',
  empty: true,
  size: 0,
  target: '',
  sha256: '',
};

function pathOf({ path, follow = true, checksum = false }: StatArgs): FactRequest<PathInfo> {
  return pathFact(path, { follow, sum: checksum });
}
