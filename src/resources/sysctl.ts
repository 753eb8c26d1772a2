import { blocked, type Change, type FieldChange, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { sh } from '../core/shell.ts';
import { sysctlFact, sysctlPath } from '../facts/sysctl.ts';
import { type Edit, editedCommands, editedDiff, editedNeeds, isAway } from './parts/edited-file.ts';
import { editIni } from './parts/ini.ts';
import { absolutePath, flag, object, oneOf, text } from './parts/schema.ts';

export type SysctlArgs = {
  readonly name: string;
  readonly value?: string | number;
  readonly file?: string;
  readonly live?: boolean;
  readonly state?: 'present' | 'absent';
};

const FILE = '/etc/sysctl.d/90-fanops.conf';

export const sysctl: Resource<SysctlArgs, { readonly name: string; readonly value: string }> = {
  name: 'sysctl',
  kind: 'resource',
  scope: 'host',
  summary: 'A setting of the kernel: in a file, for the next start, and in the kernel that runs.',
  examples: [
    {
      title: 'No overcommitting of memory',
      yaml: `- name: The kernel promises no memory that it does not have
  sysctl: { name: vm.overcommit_memory, value: 2 }
`,
    },
  ],
  schema: {
    ...object(
      {
        name: {
          type: 'string',
          pattern: '^[a-z0-9_-]+([./][A-Za-z0-9_:@-]+)+$',
          description: 'As sysctl writes it: "vm.swappiness", "net/ipv4/conf/eth0.1/rp_filter".',
        },
        value: {
          type: ['string', 'integer'],
          pattern: '^\\S([^\\n\\r\\u0000]*\\S)?$',
          description: 'Its value; several are separated by blanks.',
        },
        file: {
          ...absolutePath('The file that sets it at the next start; the line alone is ours.'),
          default: FILE,
          'x-known-as': ['sysctl_file'],
        },
        live: {
          ...flag('Set it in the kernel that runs, too.', true),
          'x-known-as': ['sysctl_set', 'reload'],
        },
        state: {
          ...oneOf(
            ['present', 'absent'],
            'Whether the file sets it; the kernel keeps its value until the next start.',
          ),
          default: 'present',
        },
      },
      ['name'],
    ),
    oneOf: [
      { required: ['value'], properties: { state: { const: 'present' } } },
      { required: ['state'], properties: { state: { const: 'absent' } }, not: { required: ['value'] } },
    ],
  },
  result: object(
    {
      name: text('The setting.'),
      value: text('What the kernel that runs has; empty where it has no such setting.'),
    },
    ['name', 'value'],
  ),
  identity: ['name', 'file'],
  address: ({ name }) => `sysctl ${name}`,
  needs: (args) => [sysctlFact(args.name), ...editedNeeds(asFile(args))],
  diff,
  commands,
  touches: (args) => [
    { on: 'path', path: asFile(args).path, only: true },
    { on: 'path', path: sysctlPath(args.name) },
  ],
  registered({ name }, _change, _outputs, facts) {
    const looked = facts.get(sysctlFact(name));
    return { name, value: looked.state === 'value' ? looked.value.value : '' };
  },
};

function asFile({ file = FILE }: SysctlArgs) {
  return { path: file, create: true, mode: '0644' };
}

function isWanted({ state }: SysctlArgs): boolean {
  return state !== 'absent';
}

function editOf(args: SysctlArgs): Edit {
  const value = isWanted(args) ? String(args.value) : undefined;
  return (text) => editIni(text, { section: '', settings: new Map([[args.name, value]]), separator: ' = ' });
}

function diff(args: SysctlArgs, facts: FactView): Change {
  const file = fileDiff(args, facts);
  if (file.action === 'blocked') return file;
  const live = liveChange(args, facts);
  if ('problem' in live) return blocked(live.problem);
  if (file.action === 'none' && live.fields.length === 0) return NONE;
  const action = file.action === 'none' ? 'update' : file.action;
  return {
    action,
    risk: 'changes',
    fields: [...file.fields, ...live.fields],
    note: { live: live.fields.length > 0 },
  };
}

function fileDiff(args: SysctlArgs, facts: FactView): Change {
  if (isAway(asFile(args), isWanted(args), facts)) return NONE;
  return editedDiff(asFile(args), isWanted(args), editOf(args), facts);
}

function liveChange(
  args: SysctlArgs,
  facts: FactView,
): { readonly fields: readonly FieldChange[] } | { readonly problem: string } {
  const { name, value, live = true } = args;
  if (!live || !isWanted(args)) return { fields: [] };
  const looked = facts.get(sysctlFact(name));
  if (looked.state === 'unreadable') return { problem: looked.reason };
  if (looked.state === 'absent')
    return {
      problem: `the kernel has no setting ${name}: correct its name, load its module first, or say live: false`,
    };
  const [before, after] = [looked.value.value, String(value)];
  if (words(before) === words(after)) return { fields: [] };
  if (looked.value.writable) return { fields: [{ field: 'live', before, after }] };
  return {
    problem: `${name} is ${before} in the kernel that runs, and ${sysctlPath(name)} cannot be written here (a container?): set it on the machine around it, or say live: false for the file alone`,
  };
}

/** The kernel writes tabs where people write blanks. */
function words(value: string): string {
  return value.trim().split(/\s+/).join(' ');
}

function commands(args: SysctlArgs, change: Change, facts: FactView): Command[] {
  const file = fileDiff(args, facts);
  const written =
    file.action === 'none' ? [] : editedCommands(asFile(args), isWanted(args), editOf(args), file, facts);
  if (!(change.note as { readonly live: boolean }).live) return written;
  const script = sh`printf '%s\\n' ${String(args.value)} >${sysctlPath(args.name)}`;
  return [
    ...written,
    { kind: 'shell', script: script.text, display: `sysctl ${args.name}=${args.value}`, timeoutMs: 60_000 },
  ];
}
