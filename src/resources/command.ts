import type { Change } from '../core/change.ts';
import type { Command, CommandResult, Source } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import type { Secret } from '../core/secret.ts';
import { quote, sh } from '../core/shell.ts';
import { milliseconds } from './parts/duration.ts';
import { withSecrets } from './parts/environment.ts';
import {
  PROGRAM_IDENTITY,
  type ProgramArgs,
  program,
  programDiff,
  programNeeds,
  programProperties,
  WORDS,
} from './parts/program.ts';
import { object, text } from './parts/schema.ts';
import { splitWords } from './parts/words.ts';

export type CommandArgs = ProgramArgs & {
  readonly cmd?: string;
  readonly argv?: readonly string[];
  readonly stdin?: string | Secret;
};

export type CommandOutput = {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdout_lines: readonly string[];
};

export const OUTPUT_RESULT = object(
  {
    status: {
      type: ['integer', 'null'],
      description: 'Exit status; null when it was not run or is not known.',
    },
    stdout: text('What it wrote.'),
    stderr: text('What it complained of.'),
    stdout_lines: { type: 'array', items: { type: 'string' }, description: 'What it wrote, line by line.' },
  },
  ['status', 'stdout', 'stderr', 'stdout_lines'],
);

export const command: Resource<CommandArgs, CommandOutput> = {
  name: 'command',
  kind: 'action',
  scope: 'host',
  summary:
    'Runs a program, without a shell: every time, unless `creates`, `removes`, `unless` or `only_if` says that it is done.',
  examples: [
    {
      title: 'Something that is done once',
      yaml: `- name: Make the key of the reports
  command:
    argv: [openssl, rand, -hex, -out, /etc/report.key, "32"]
    creates: /etc/report.key
`,
    },
  ],
  schema: {
    ...object({
      cmd: text(
        'The command line, split into words at spaces; quotes as in a shell, but nothing is expanded.',
      ),
      argv: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        description: 'The program and its arguments, one by one. Instead of `cmd`.',
      },
      stdin: { ...text('What it reads. The way to hand it a secret.'), 'x-secret': true },
      ...programProperties('split into words, without a shell'),
    }),
    oneOf: [{ required: ['cmd'] }, { required: ['argv'] }],
  },
  result: OUTPUT_RESULT,
  shorthand: 'cmd',
  identity: [...PROGRAM_IDENTITY],
  address: (args) => `command ${args.cmd ?? (args.argv ?? []).map(quote).join(' ')}`,
  needs: (args) => programNeeds(args, WORDS),
  diff,
  commands: (args) => [run(args)],
  touches: () => [{ on: 'anything' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff(args: CommandArgs, facts: FactView): Change {
  return programDiff(args, WORDS, facts, args.argv ?? args.cmd ?? '');
}

function wordsOf({ cmd, argv }: CommandArgs): readonly string[] {
  return argv ?? splitWords(cmd ?? '');
}

function run(args: CommandArgs): Command {
  const words = wordsOf(args);
  const { timeout = '30m' } = args;
  const stdin = readBy(args);
  return {
    kind: 'shell',
    script: program(args, sh`exec ${words}`).text,
    display: words.map(quote).join(' '),
    ...(stdin && { stdin }),
    timeoutMs: milliseconds(timeout),
  };
}

/** What a command or a shell is given to read. */
export function readBy({
  stdin,
  environment,
}: Pick<CommandArgs, 'stdin' | 'environment'>): Source | undefined {
  return withSecrets(stdin === undefined ? undefined : { kind: 'text', text: stdin }, environment);
}

/** As Ansible keeps it: without the newlines at its end, so that it can be compared as it is written. */
export function outputOf(output: CommandResult | undefined): CommandOutput {
  const { status = null } = output ?? {};
  const stdout = withoutEnd(output?.stdout ?? '');
  const stderr = withoutEnd(output?.stderr ?? '');
  return { status, stdout, stderr, stdout_lines: stdout === '' ? [] : stdout.split('\n') };
}

function withoutEnd(text: string): string {
  return text.replace(/\n+$/, '');
}
