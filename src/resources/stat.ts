import { blocked, NONE } from '../core/change.ts';
import type { Resource } from '../core/resource.ts';
import { directoryEntriesFact } from '../facts/directory-entries.ts';
import { pathFact } from '../facts/path.ts';
import { absolutePath, flag, object, text } from './parts/schema.ts';

export type StatArgs = { readonly path: string; readonly entries?: boolean };

type Result = {
  readonly path: string;
  readonly exists: boolean;
  readonly type: string;
  readonly mode: string;
  readonly owner: string;
  readonly group: string;
  readonly empty: boolean;
};

export const stat: Resource<StatArgs, Result> = {
  name: 'stat',
  kind: 'action',
  scope: 'host',
  summary: 'Looks at a path, for later conditions. Changes nothing.',
  schema: object(
    {
      path: absolutePath('What to look at; symbolic links are followed.'),
      entries: flag('Look into a directory, whether it is empty.', false),
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
    },
    ['path', 'exists', 'type', 'mode', 'owner', 'group', 'empty'],
  ),
  shorthand: 'path',
  identity: ['path', 'entries'],
  address: ({ path }) => `stat ${path}`,
  needs: ({ path, entries }) => [
    pathFact(path, { follow: true }),
    ...(entries ? [directoryEntriesFact(path)] : []),
  ],
  diff({ path, entries }, facts) {
    const looked = facts.get(pathFact(path, { follow: true }));
    if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
    const held = entries && looked.state === 'value' ? facts.get(directoryEntriesFact(path)) : undefined;
    return held?.state === 'unreadable' ? blocked(`could not look into ${path}: ${held.reason}`) : NONE;
  },
  commands: () => [],
  touches: () => [],
  registered({ path, entries }, _change, _outputs, facts) {
    const looked = facts.get(pathFact(path, { follow: true }));
    if (looked.state !== 'value')
      return { path, exists: false, type: '', mode: '', owner: '', group: '', empty: true };
    const { type, mode, owner, group } = looked.value;
    const held = entries ? facts.get(directoryEntriesFact(path)) : undefined;
    return {
      path,
      exists: true,
      type,
      mode,
      owner,
      group,
      empty: held?.state === 'value' && held.value.empty,
    };
  },
};
