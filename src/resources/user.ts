import type { Change, FieldChange } from '../core/change.ts';
import { type Script, sh } from '../core/shell.ts';
import type { Touch } from '../core/touch.ts';
import { type UserInfo, userFact } from '../facts/user.ts';
import { account } from './parts/account.ts';
import { ACCOUNT_FILES } from './parts/account-files.ts';
import { absolutePath, accountName, flag, object, oneOf } from './parts/schema.ts';

export type UserArgs = {
  readonly name: string;
  readonly uid?: number;
  readonly group?: string;
  readonly groups?: readonly string[];
  readonly home?: string;
  readonly create_home?: boolean;
  readonly shell?: string;
  readonly system?: boolean;
  readonly state?: 'present' | 'absent';
};

export const user = account<UserArgs, UserInfo>({
  name: 'user',
  summary: 'A user account. It gets no password.',
  examples: [
    {
      title: 'An account for a service',
      yaml: `- name: Reports have an account of their own
  user:
    name: report
    system: true
    groups: [adm]
    home: /var/lib/report
    shell: /usr/sbin/nologin
`,
    },
  ],
  schema: object(
    {
      name: accountName('Its name.'),
      uid: { type: 'integer', minimum: 1, description: 'Its number. Chosen by the host when absent.' },
      group: accountName(
        'Its primary group, which must exist. When absent: one of its own name is made with it.',
      ),
      groups: {
        type: 'array',
        items: accountName('A group.'),
        uniqueItems: true,
        description: 'Groups it must be in as well; it is never taken out of one.',
      },
      home: absolutePath('Its home directory. Not moved when it changes.'),
      create_home: flag('When it is made: make its home directory, too.', true),
      shell: absolutePath('Its login shell.'),
      system: flag('When it is made: take a number for system users.', false),
      state: {
        ...oneOf(['present', 'absent'], 'Whether it is there. Its files are never removed.'),
        default: 'present',
      },
    },
    ['name'],
  ),
  factOf: userFact,
  differences,
  script,
  touches: ({ name, home, group, groups = [] }) => [
    ...[...new Set([name, ...(group === undefined ? [] : [group]), ...groups])].map(
      (account): Touch => ({ on: 'account', name: account }),
    ),
    { on: 'path', path: home ?? `/home/${name}` },
    { on: 'path', path: '/var/mail' },
    ...ACCOUNT_FILES,
  ],
  predict: ({ name, state }) =>
    state === 'absent' ? [{ request: userFact(name), looked: { state: 'absent' } }] : [],
});

function differences(args: UserArgs, info?: UserInfo): FieldChange[] {
  const fields = (['uid', 'group', 'home', 'shell'] as const).flatMap((field): FieldChange[] => {
    const after = args[field];
    if (after === undefined || after === info?.[field]) return [];
    return [{ field, ...(info ? { before: info[field] } : {}), after }];
  });
  const before = info?.groups ?? [];
  const missing = (args.groups ?? []).filter((name) => !before.includes(name));
  if (missing.length === 0) return fields;
  const after = [...before, ...missing].sort();
  return [...fields, { field: 'groups', ...(info ? { before: [...before].sort() } : {}), after }];
}

function script(args: UserArgs, { action, fields }: Change): Script {
  const { name, uid, group, groups, home, shell } = args;
  if (action === 'delete') return sh`userdel ${name}`;
  const changes = (field: string) => fields.some((f) => f.field === field);
  const options = [
    ...(uid !== undefined && changes('uid') ? ['-u', String(uid)] : []),
    ...(group !== undefined && changes('group') ? ['-g', group] : []),
    ...(home !== undefined && changes('home') ? ['-d', home] : []),
    ...(shell !== undefined && changes('shell') ? ['-s', shell] : []),
    ...(groups !== undefined && changes('groups')
      ? [action === 'create' ? '-G' : '-aG', groups.join(',')]
      : []),
  ];
  if (action === 'update') return sh`usermod ${[...options, name]}`;
  const kind = [...(args.system ? ['-r'] : []), args.create_home === false ? '-M' : '-m'];
  return sh`useradd ${[...kind, ...options, name]}`;
}
