import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type Script, sh } from '../core/shell.ts';
import { groupFact } from '../facts/group.ts';
import { ACCOUNT_FILES } from './parts/account-files.ts';
import { accountName, flag, object, oneOf, text } from './parts/schema.ts';

export type GroupArgs = {
  readonly name: string;
  readonly gid?: number;
  readonly system?: boolean;
  readonly state?: 'present' | 'absent';
};

export const group: Resource<GroupArgs, { readonly name: string }> = {
  name: 'group',
  kind: 'resource',
  scope: 'host',
  summary: 'A group of users.',
  schema: object(
    {
      name: accountName('Its name.'),
      gid: { type: 'integer', minimum: 1, description: 'Its number. Chosen by the host when absent.' },
      system: flag('When it is made: take a number for system groups.', false),
      state: { ...oneOf(['present', 'absent'], 'Whether it is there.'), default: 'present' },
    },
    ['name'],
  ),
  result: object({ name: text('Its name.') }, ['name']),
  identity: ['name'],
  address: ({ name }) => `group ${name}`,
  needs: ({ name }) => [groupFact(name)],
  diff,
  commands: (args, change) => [
    {
      kind: 'shell',
      script: script(args, change).text,
      display: script(args, change).text,
      timeoutMs: 60_000,
    },
  ],
  touches: ({ name }) => [{ on: 'account', name }, ...ACCOUNT_FILES],
  predict: ({ name, gid, state }, change) => {
    if (state === 'absent') return [{ request: groupFact(name), looked: { state: 'absent' } }];
    if (change.action !== 'create' || gid === undefined) return [];
    return [{ request: groupFact(name), looked: { state: 'value', value: { gid, members: [] } } }];
  },
  registered: ({ name }) => ({ name }),
};

function diff({ name, gid, state }: GroupArgs, facts: FactView): Change {
  const looked = facts.get(groupFact(name));
  if (looked.state === 'unreadable') return blocked(looked.reason);
  if (looked.state === 'absent') {
    if (state === 'absent') return NONE;
    const fields = [
      { field: 'state', after: 'present' },
      ...(gid === undefined ? [] : [{ field: 'gid', after: gid }]),
    ];
    return { action: 'create', risk: 'changes', fields };
  }
  if (state === 'absent')
    return {
      action: 'delete',
      risk: 'changes',
      fields: [{ field: 'state', before: 'present', after: 'absent' }],
    };
  if (gid === undefined || gid === looked.value.gid) return NONE;
  return {
    action: 'update',
    risk: 'changes',
    fields: [{ field: 'gid', before: looked.value.gid, after: gid }],
  };
}

function script({ name, gid, system }: GroupArgs, { action }: Change): Script {
  const number = gid === undefined ? [] : ['-g', String(gid)];
  if (action === 'delete') return sh`groupdel ${name}`;
  if (action === 'update') return sh`groupmod ${[...number, name]}`;
  return sh`groupadd ${[...(system ? ['-r'] : []), ...number, name]}`;
}
