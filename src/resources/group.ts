import type { Change, FieldChange } from '../core/change.ts';
import { type Script, sh } from '../core/shell.ts';
import { type GroupInfo, groupFact } from '../facts/group.ts';
import { account } from './parts/account.ts';
import { ACCOUNT_FILES } from './parts/account-files.ts';
import { accountName, flag, object, oneOf } from './parts/schema.ts';

export type GroupArgs = {
  readonly name: string;
  readonly gid?: number;
  readonly system?: boolean;
  readonly state?: 'present' | 'absent';
};

export const group = account<GroupArgs, GroupInfo>({
  name: 'group',
  summary: 'A group of users.',
  examples: [
    {
      title: 'A group with a number of its own',
      yaml: `- name: Operators
  group: { name: operators, gid: 2000 }
`,
    },
  ],
  schema: object(
    {
      name: accountName('Its name.'),
      gid: { type: 'integer', minimum: 1, description: 'Its number. Chosen by the host when absent.' },
      system: flag('When it is made: take a number for system groups.', false),
      state: { ...oneOf(['present', 'absent'], 'Whether it is there.'), default: 'present' },
    },
    ['name'],
  ),
  factOf: groupFact,
  differences,
  script,
  touches: ({ name }) => [{ on: 'account', name }, ...ACCOUNT_FILES],
  predict: ({ name, gid, state }, change) => {
    if (state === 'absent') return [{ request: groupFact(name), looked: { state: 'absent' } }];
    if (change.action !== 'create' || gid === undefined) return [];
    return [{ request: groupFact(name), looked: { state: 'value', value: { gid, members: [] } } }];
  },
});

function differences({ gid }: GroupArgs, info?: GroupInfo): FieldChange[] {
  if (gid === undefined || gid === info?.gid) return [];
  return [{ field: 'gid', ...(info ? { before: info.gid } : {}), after: gid }];
}

function script({ name, gid, system }: GroupArgs, { action }: Change): Script {
  const number = gid === undefined ? [] : ['-g', String(gid)];
  if (action === 'delete') return sh`groupdel ${name}`;
  if (action === 'update') return sh`groupmod ${[...number, name]}`;
  return sh`groupadd ${[...(system ? ['-r'] : []), ...number, name]}`;
}
