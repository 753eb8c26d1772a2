import type { Outcome } from '../core/outcome.ts';
import type { Args, CommandSpec } from './args.ts';
import { KEY_OPTIONS, MARKER } from './key-options.ts';
import { CONNECTION, DISPLAY, FORMAT, HELP, LISTINGS, NO_COLOUR, PROJECT } from './options.ts';

/** A command with options of ours; its code is loaded only when it is called. */
export interface Command {
  readonly spec: CommandSpec;
  load(): Promise<(args: Args) => Promise<Outcome>>;
}

export const COMMANDS: readonly Command[] = [
  {
    spec: {
      name: 'plan',
      summary: 'show what apply would change; changes nothing',
      positionals: ['PLAYBOOK'],
      options: [...PROJECT, ...CONNECTION, ...FORMAT, ...LISTINGS, ...DISPLAY, NO_COLOUR, HELP],
    },
    load: async () => (await import('./plan.ts')).plan,
  },
  {
    spec: {
      name: 'apply',
      summary: 'bring the hosts to the declared state, after showing the plan and asking',
      positionals: ['PLAYBOOK'],
      options: [
        { name: 'yes', short: 'y', aliases: ['auto-approve'], help: 'do not ask' },
        { name: 'check', short: 'C', help: 'only plan, as `fanops plan` does' },
        ...PROJECT,
        ...CONNECTION,
        ...FORMAT.map((option) => ({ ...option, help: `${option.help} (with --check)` })),
        ...LISTINGS,
        ...DISPLAY,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./apply.ts')).apply,
  },
  {
    spec: {
      name: 'validate',
      summary: 'find the mistakes in a playbook and its inventory; reaches no host',
      positionals: ['PLAYBOOK'],
      options: [...PROJECT, ...LISTINGS, NO_COLOUR, HELP],
    },
    load: async () => (await import('./validate.ts')).validate,
  },
  {
    spec: {
      name: 'key escrow',
      summary: 'the backup key, encrypted with age for somebody, into a file off the hosts',
      positionals: [],
      options: [
        { name: 'to', value: 'RECIPIENT', help: 'an age recipient (age1…); may be repeated' },
        { name: 'out', value: 'FILE', help: 'where to write it (./fanatico-backup-key.KEYID.age)' },
        ...KEY_OPTIONS,
      ],
    },
    load: async () => (await import('./key-escrow.ts')).escrow,
  },
  {
    spec: {
      name: 'key verify-escrow',
      summary: 'decrypt such a file, compare it with the hosts, and note there that it was so',
      positionals: ['FILE'],
      options: [
        { name: 'identity', value: 'FILE', help: 'the age identity that decrypts it' },
        { name: 'marker', value: 'PATH', help: `where the hosts note it (${MARKER})` },
        ...KEY_OPTIONS,
      ],
    },
    load: async () => (await import('./key-verify-escrow.ts')).verifyEscrow,
  },
];

/** Commands that read their arguments themselves. */
export const SEPARATE = [
  { name: 'lab', summary: 'three real hosts on this machine, to try things on' },
] as const;

/** The command that a command line begins with, by one word or two, and the words after it. */
export function commandIn(
  argv: readonly string[],
): { command: Command; rest: readonly string[] } | undefined {
  for (const words of [2, 1]) {
    const command = COMMANDS.find(({ spec }) => spec.name === argv.slice(0, words).join(' '));
    if (command) return { command, rest: argv.slice(words) };
  }
  return undefined;
}

export function commandNames(): string[] {
  return [...COMMANDS.map(({ spec }) => spec.name), ...SEPARATE.map(({ name }) => name)];
}
