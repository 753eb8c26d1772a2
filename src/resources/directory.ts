import { posix } from 'node:path';
import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView, Prediction } from '../core/fact.ts';
import type { JsonSchema, Resource } from '../core/resource.ts';
import { lines, type Script, sh } from '../core/shell.ts';
import type { Touch } from '../core/touch.ts';
import { directoryEntriesFact } from '../facts/directory-entries.ts';
import { pathFact } from '../facts/path.ts';
import { placeFact } from '../facts/place.ts';
import { PATH_RESULT } from './file.ts';
import { type Attributes, attributeChanges, attributesAfter, setAttributes } from './parts/attributes.ts';
import { type Below, belowChange, setBelow, unlikeBelow } from './parts/below.ts';
import { parentProblem } from './parts/parent.ts';
import { ATTRIBUTES, absolutePath, flag, object, oneOf } from './parts/schema.ts';

export interface DirectoryArgs extends Below {
  readonly state?: 'present' | 'absent';
  readonly parents?: boolean;
  readonly recurse?: boolean;
}

const DEFAULT_MODE = '0755';

export const directory: Resource<DirectoryArgs, { readonly path: string }> = {
  name: 'directory',
  kind: 'resource',
  scope: 'host',
  summary: 'A directory, its owner and permissions; or that there is none.',
  examples: [
    {
      title: 'A tree that belongs to postgres',
      yaml: `- name: The archive is for postgres alone
  directory:
    path: /srv/archive
    owner: postgres
    group: postgres
    mode: "0750"
    file_mode: "0640"
    recurse: true
`,
    },
  ],
  schema: {
    ...object(
      {
        path: absolutePath('The directory. A symbolic link to a directory will do.'),
        state: {
          ...oneOf(['present', 'absent'], 'Whether it is there. Only an empty directory is ever removed.'),
          default: 'present',
        },
        parents: flag('Make missing directories above it too (root, 0755).', false),
        recurse: flag(
          'Owner and group are those of everything below it, too, and `mode` that of directories; links are not followed.',
          false,
        ),
        file_mode: {
          ...(ATTRIBUTES.mode as JsonSchema),
          description:
            'With `recurse`: permissions of regular files below it, "0640". Left as they are when absent.',
        },
        ...ATTRIBUTES,
      },
      ['path'],
    ),
    dependentRequired: { file_mode: ['recurse'] },
  },
  result: PATH_RESULT,
  identity: ['path', 'state', 'recurse', 'owner', 'group', 'mode', 'file_mode'],
  address: ({ path }) => `path ${path}`,
  needs: (args) => {
    const { path, state } = args;
    const below = args.recurse ? [unlikeBelow(args)] : [];
    return state === 'absent'
      ? [pathFact(path), directoryEntriesFact(path)]
      : [pathFact(path, { follow: true }), placeFact(posix.dirname(path)), ...below];
  },
  diff: (args, facts) => (args.state === 'absent' ? removal(args.path, facts) : presence(args, facts)),
  commands: (args, change) => [
    {
      kind: 'shell',
      script: script(args, change).text,
      display: display(args, change),
      timeoutMs: args.recurse ? 30 * 60_000 : 60_000,
    },
  ],
  // What it makes is empty, and what it removes was: nothing below it changes.
  touches: ({ path, parents }, change) => [
    { on: 'path', path, only: !change.fields.some(({ field }) => field === 'below') },
    ...(parents ? parentsOf(path).map((above): Touch => ({ on: 'path', path: above, only: true })) : []),
  ],
  predict,
  registered: ({ path }) => ({ path }),
};

function parentsOf(path: string): string[] {
  const above = posix.dirname(path);
  return above === path ? [] : [above, ...parentsOf(above)];
}

function presence(args: DirectoryArgs, facts: FactView): Change {
  const { path } = args;
  const looked = facts.get(pathFact(path, { follow: true }));
  if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
  if (looked.state === 'absent') {
    const problem = args.parents ? undefined : parentProblem(path, facts);
    if (problem) return blocked(problem);
    const attributes = { ...args, mode: args.mode ?? DEFAULT_MODE };
    const fields = [{ field: 'state', after: 'present' }, ...attributeChanges(attributes)];
    return { action: 'create', risk: 'changes', fields, note: attributesAfter(attributes) ?? null };
  }
  const info = looked.value;
  if (info.type === 'link') return blocked(`${path} is a symbolic link to ${info.target}, where nothing is`);
  if (info.type !== 'directory') return blocked(`expected a directory at ${path}, found a ${info.type}`);
  const below = args.recurse ? belowChange(args, facts) : [];
  if ('problem' in below) return blocked(below.problem);
  const fields = [...attributeChanges(args, info), ...below];
  if (fields.length === 0) return NONE;
  return {
    action: 'update',
    risk: 'changes',
    fields,
    note: info.at ? null : (attributesAfter(args, info) ?? null),
  };
}

function removal(path: string, facts: FactView): Change {
  const looked = facts.get(pathFact(path));
  if (looked.state === 'absent') return NONE;
  if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
  const { type, mounted } = looked.value;
  if (type !== 'directory') return blocked(`expected a directory at ${path}, found a ${type}`);
  if (mounted) return blocked(`something is mounted at ${path}: unmount it first`);
  const entries = facts.get(directoryEntriesFact(path));
  if (entries.state !== 'value') return blocked(`could not look into ${path}`);
  if (!entries.value.empty)
    return blocked(`${path} is not empty (it holds "${entries.value.first}"): move what it holds away first`);
  return {
    action: 'delete',
    risk: 'changes',
    fields: [{ field: 'state', before: 'directory', after: 'absent' }],
  };
}

function script(args: DirectoryArgs, change: Change): Script {
  const { path, parents, mode } = args;
  if (change.action === 'delete') return sh`rmdir -- ${path}`;
  if (change.action === 'update') {
    const below = change.fields.some(({ field }) => field === 'below') ? setBelow(args) : undefined;
    return lines(sh`set -eu`, below && sh`cd /`, setAttributes(sh`${path}`, args), below);
  }
  return lines(
    sh`set -eu`,
    parents ? sh`umask 022; mkdir -p -- ${posix.dirname(path)}` : undefined,
    // Closed until owner and permissions are set.
    sh`umask 077; mkdir -- ${path}`,
    setAttributes(sh`${path}`, { ...args, mode: mode ?? DEFAULT_MODE }),
  );
}

function display({ path }: DirectoryArgs, { action, fields }: Change): string {
  if (action === 'delete') return `rmdir ${path}`;
  return action === 'create' ? `mkdir ${path}` : `set ${fields.map((f) => f.field).join(', ')} of ${path}`;
}

function predict({ path }: DirectoryArgs, change: Change): Prediction[] {
  if (change.action === 'delete')
    return [pathFact(path), pathFact(path, { follow: true }), placeFact(path)].map((request) => ({
      request,
      looked: { state: 'absent' },
    }));
  const place: Prediction = {
    request: placeFact(path),
    looked: { state: 'value', value: { type: 'directory' } },
  };
  if (change.note === null || change.note === undefined) return [place];
  const value = { type: 'directory', ...(change.note as Attributes), mounted: false };
  return [place, { request: pathFact(path, { follow: true }), looked: { state: 'value', value } }];
}
