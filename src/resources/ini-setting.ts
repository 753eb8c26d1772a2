import { EDITED_PROPERTIES, type Edit } from './parts/edited-file.ts';
import { type Edited, editing } from './parts/editing.ts';
import { editIni, withoutSection } from './parts/ini.ts';
import { flag, object, oneOf } from './parts/schema.ts';

type Value = string | number | boolean;

export interface IniSettingArgs extends Edited {
  readonly section?: string;
  readonly key?: string;
  readonly value?: Value;
  readonly settings?: { readonly [key: string]: Value };
  readonly spaces?: boolean;
}

/** What would be read as something else than a key, or end it. */
const KEY = '^[^\\s#;=:\\[\\u0000]([^=:\\n\\r\\u0000]*[^\\s=:\\u0000])?$';
const VALUE = { type: ['string', 'number', 'boolean'], pattern: '^(\\S([^\\n\\r\\u0000]*\\S)?)?$' } as const;
const { insert_after: _, ...FILE } = EDITED_PROPERTIES;

export const iniSetting = editing<IniSettingArgs>({
  name: 'ini_setting',
  summary: 'Keys in a section of an INI file that is otherwise not ours; comments and order stay.',
  examples: [
    {
      title: 'Several keys of one section',
      yaml: `- name: Pooling by transaction
  ini_setting:
    path: /etc/pgbouncer/pgbouncer.ini
    section: pgbouncer
    settings: { pool_mode: transaction, max_client_conn: 500 }
`,
    },
    {
      title: 'A key that is not to be there',
      yaml: `- name: No setting of old
  ini_setting: { path: /etc/example.ini, section: main, key: legacy, state: absent }
`,
    },
  ],
  schema: {
    ...object(
      {
        ...FILE,
        section: {
          type: 'string',
          pattern: '^([^\\s\\]\\n\\r\\u0000]([^\\]\\n\\r\\u0000]*[^\\s\\]\\u0000])?)?$',
          default: '',
          description: 'Without its brackets; empty for what stands before the first section.',
        },
        key: { type: 'string', pattern: KEY, 'x-known-as': ['option'], description: 'The key.' },
        value: { ...VALUE, description: 'Its value, on one line; written as it is, without quotes.' },
        settings: {
          type: 'object',
          minProperties: 1,
          propertyNames: { pattern: KEY },
          additionalProperties: VALUE,
          description: 'Several keys and their values, instead of `key` and `value`.',
        },
        spaces: flag('Put spaces around "=" of a new key.', true),
        state: {
          ...oneOf(['present', 'absent'], 'Whether they are there; the whole section where no key is named.'),
          default: 'present',
        },
      },
      ['path'],
    ),
    oneOf: [
      { required: ['settings'], not: { anyOf: [{ required: ['key'] }, { required: ['value'] }] } },
      { required: ['key', 'value'], not: { required: ['settings'] } },
      {
        properties: { state: { const: 'absent' } },
        required: ['state'],
        not: { anyOf: [{ required: ['settings'] }, { required: ['value'] }] },
      },
    ],
  },
  address: (args) => `ini ${args.path} [${args.section ?? ''}] ${keysOf(args).join(' ')}`,
  editOf,
});

function keysOf({ key, settings = {} }: IniSettingArgs): string[] {
  return key === undefined ? Object.keys(settings) : [key];
}

function editOf(args: IniSettingArgs): Edit {
  const { section = '', key, value, settings = {}, spaces = true, state } = args;
  const pairs = key === undefined ? Object.entries(settings) : [[key, value ?? ''] as const];
  if (state === 'absent' && pairs.length === 0) return (lines) => withoutSection(lines, section);
  const wanted = pairs.map(([name, one]) => [name, state === 'absent' ? undefined : String(one)] as const);
  return (lines) => editIni(lines, { section, settings: new Map(wanted), separator: spaces ? ' = ' : '=' });
}
