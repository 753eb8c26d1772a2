import { blocked, type Change, NONE } from '../core/change.ts';
import type { Command, CommandResult } from '../core/command.ts';
import type { FactRequest, FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import type { Secret } from '../core/secret.ts';
import { lines, quote, sh } from '../core/shell.ts';
import { secretIn } from '../core/value.ts';
import { type Place, placeFact } from '../facts/place.ts';
import { milliseconds } from './parts/duration.ts';
import { absolutePath, duration, object, text } from './parts/schema.ts';
import { splitWords } from './parts/words.ts';

export type CommandArgs = {
  readonly cmd?: string;
  readonly argv?: readonly string[];
  readonly chdir?: string;
  readonly creates?: string;
  readonly removes?: string;
  readonly stdin?: string | Secret;
  readonly environment?: { readonly [name: string]: string };
  readonly timeout?: string | number;
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
  summary: 'Runs a program, without a shell: every time, unless `creates` or `removes` says that it is done.',
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
      chdir: absolutePath('The directory to run it in.'),
      creates: absolutePath('Not run when this path exists.'),
      removes: absolutePath('Not run when this path does not exist.'),
      stdin: { ...text('What it reads. The way to hand it a secret.'), 'x-secret': true },
      environment: {
        type: 'object',
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
        additionalProperties: { type: 'string' },
        description: 'Environment variables.',
      },
      timeout: duration('It is ended after this time; 30m when absent.'),
    }),
    oneOf: [{ required: ['cmd'] }, { required: ['argv'] }],
  },
  result: OUTPUT_RESULT,
  shorthand: 'cmd',
  identity: ['creates', 'removes'],
  address: (args) => `command ${args.cmd ?? (args.argv ?? []).map(quote).join(' ')}`,
  needs: ({ creates, removes }) => [creates, removes].filter((p) => p !== undefined).map((p) => placeFact(p)),
  diff,
  commands: (args) => [run(args)],
  touches: () => [{ on: 'anything' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff(args: CommandArgs, facts: FactView): Change {
  const { creates, removes, stdin: _, ...shown } = args;
  if (secretIn(shown))
    return blocked('a secret cannot be an argument or in the environment, where others see it: use stdin');
  const problem = problemIn(args);
  if (problem) return blocked(problem);
  for (const path of [creates, removes]) {
    if (path === undefined) continue;
    const looked = facts.get<Place>(placeFact(path) as FactRequest<Place>);
    if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
    if ((looked.state === 'value') === (path === creates)) return NONE;
  }
  return { action: 'run', risk: 'changes', fields: [] };
}

function problemIn(args: CommandArgs): string | undefined {
  try {
    return wordsOf(args).length === 0 || wordsOf(args)[0] === ''
      ? 'expected a program to run, found nothing'
      : undefined;
  } catch (error) {
    return `cannot split "${args.cmd}" into words: ${(error as Error).message}`;
  }
}

function wordsOf({ cmd, argv }: CommandArgs): readonly string[] {
  return argv ?? splitWords(cmd ?? '');
}

function run(args: CommandArgs): Command {
  const words = wordsOf(args);
  const { chdir, stdin, environment = {}, timeout = '30m' } = args;
  const script = lines(
    chdir === undefined ? undefined : sh`cd -- ${chdir} || exit`,
    ...Object.entries(environment).map(([name, value]) => sh`export ${name}=${value}`),
    // `exec` also keeps words such as `if` and `A=B` from being syntax.
    sh`exec ${words}`,
  );
  return {
    kind: 'shell',
    script: script.text,
    display: words.map(quote).join(' '),
    ...(stdin === undefined ? {} : { stdin: { kind: 'text', text: stdin } as const }),
    timeoutMs: milliseconds(timeout),
  };
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
