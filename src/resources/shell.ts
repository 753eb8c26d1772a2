import type { Change } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import type { Secret } from '../core/secret.ts';
import { type Script, sh } from '../core/shell.ts';
import { type CommandOutput, OUTPUT_RESULT, outputOf, readBy } from './command.ts';
import { milliseconds } from './parts/duration.ts';
import {
  type Line,
  PROGRAM_IDENTITY,
  type ProgramArgs,
  program,
  programDiff,
  programNeeds,
  programProperties,
  type Reading,
} from './parts/program.ts';
import { absolutePath, object, text } from './parts/schema.ts';

export type ShellArgs = ProgramArgs & {
  readonly cmd: string;
  readonly executable?: string;
  readonly stdin?: string | Secret;
};

const SH = '/bin/sh';

export const shell: Resource<ShellArgs, CommandOutput> = {
  name: 'shell',
  kind: 'action',
  scope: 'host',
  summary:
    'Runs lines of shell, as they are: for pipelines and the like. `command` needs no quoting and is safer with variables.',
  examples: [
    {
      title: 'A pipeline, with a variable that the shell sees as text',
      yaml: `- name: Count what waits for the archiver
  shell:
    cmd: ls "$STATUS_DIR" | grep -c '\\.ready$' || true
    environment: { STATUS_DIR: /var/lib/postgresql/15/main/pg_wal/archive_status }
  register: waiting
  changed_when: false
`,
    },
    {
      title: 'Run only where it is not done yet',
      yaml: `- name: Read the units again
  shell:
    cmd: systemctl daemon-reload
    only_if: systemctl show --property=NeedDaemonReload '*' | grep -q '=yes'
`,
    },
  ],
  schema: object(
    {
      cmd: {
        ...text(
          'What the shell reads. A value put in by {{ }} is code: give it by `environment` ("$NAME"), or write {{quote name}}.',
        ),
        minLength: 1,
      },
      executable: { ...absolutePath('The shell.'), default: SH },
      stdin: { ...text('What it reads. The way to hand it a secret.'), 'x-secret': true },
      ...programProperties('a line of shell'),
    },
    ['cmd'],
  ),
  result: OUTPUT_RESULT,
  shorthand: 'cmd',
  identity: [...PROGRAM_IDENTITY, 'executable'],
  address: ({ cmd }) => `shell ${cmd}`,
  needs: (args) => programNeeds(args, readingOf(args)),
  diff,
  commands: (args) => {
    const { cmd, executable = SH, timeout = '30m' } = args;
    const stdin = readBy(args);
    return [
      {
        kind: 'shell',
        script: program(args, sh`exec ${executable} -c ${cmd}`).text,
        display: cmd,
        ...(stdin && { stdin }),
        timeoutMs: milliseconds(timeout),
      },
    ];
  },
  touches: () => [{ on: 'anything' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff(args: ShellArgs, facts: FactView): Change {
  return programDiff(args, readingOf(args), facts, args.cmd);
}

/** A list is still a program with its arguments. */
function readingOf({ executable = SH }: ShellArgs): Reading {
  return {
    read: (line: Line): Script => sh`exec ${typeof line === 'string' ? [executable, '-c', line] : line}`,
  };
}
