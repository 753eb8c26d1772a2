import type { Command } from './command.ts';
import { KEY_OPTIONS, MARKER } from './key-options.ts';
import {
  AGE_IDENTITY,
  CONNECTION,
  DISPLAY,
  FORMAT,
  HELP,
  LISTINGS,
  LOCK_WAIT,
  LOST,
  NO_COLOUR,
  PROJECT,
  RECIPIENTS,
  RUNBOOK,
  VARIABLES,
} from './options.ts';
import { RUN_COMMANDS } from './run-commands.ts';

export const COMMANDS: readonly Command[] = [
  {
    spec: {
      name: 'plan',
      summary: 'show what apply or run would do; changes nothing',
      positionals: ['PLAYBOOK'],
      options: [LOST, ...PROJECT, ...CONNECTION, ...FORMAT, ...LISTINGS, ...DISPLAY, NO_COLOUR, HELP],
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
        LOCK_WAIT,
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
      name: 'run',
      summary: 'carry out a runbook: step by step, guarded, confirmed, verified',
      positionals: ['RUNBOOK'],
      isOptional: true,
      options: [
        ...RUNBOOK,
        LOST,
        LOCK_WAIT,
        ...PROJECT,
        ...CONNECTION,
        ...LISTINGS,
        ...DISPLAY,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./run.ts')).run,
  },
  ...RUN_COMMANDS,
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
      name: 'explain',
      summary: 'where the value of a variable comes from, and what it hides; reaches no host',
      positionals: ['VARIABLE'],
      options: [
        { name: 'host', value: 'HOSTS', help: 'for these hosts or groups (all)' },
        {
          name: 'playbook',
          short: 'p',
          value: 'PLAYBOOK',
          help: 'as the plays of this playbook see it, too',
        },
        { name: 'json', help: 'as JSON on stdout' },
        ...VARIABLES,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./explain.ts')).explainVariable,
  },
  {
    spec: {
      name: 'inventory',
      summary: 'the hosts, groups and variables of the inventory; reaches no host',
      positionals: [],
      options: [
        { name: 'graph', help: 'groups and hosts as a tree (this is the default)' },
        { name: 'list', help: 'everything as JSON: groups, hosts, and the variables of every host' },
        { name: 'host', value: 'HOST', help: 'the variables of one host as JSON' },
        ...VARIABLES,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./inventory.ts')).inventory,
  },
  {
    spec: {
      name: 'init',
      summary: 'begin a project: settings, an inventory and a first playbook, in a folder',
      positionals: ['FOLDER'],
      options: [NO_COLOUR, HELP],
    },
    load: async () => (await import('./init.ts')).init,
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
  {
    spec: {
      name: 'secrets encrypt',
      summary: 'encrypt values of a file of variables with age, where they stand; keys stay readable',
      positionals: ['FILE'],
      options: [
        {
          name: 'name',
          value: 'VARIABLE',
          help: 'the value to encrypt, `a.b` for one inside; may be repeated',
        },
        RECIPIENTS,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./secrets-encrypt.ts')).encrypt,
  },
  {
    spec: {
      name: 'secrets edit',
      summary: 'edit a file of variables with its encrypted values opened; encrypt them again',
      positionals: ['FILE'],
      options: [RECIPIENTS, AGE_IDENTITY, NO_COLOUR, HELP],
    },
    load: async () => (await import('./secrets-edit.ts')).edit,
  },
  {
    spec: {
      name: 'secrets rekey',
      summary: 'encrypt the values of files again, for other recipients',
      positionals: ['FILE'],
      isRepeated: true,
      options: [RECIPIENTS, AGE_IDENTITY, NO_COLOUR, HELP],
    },
    load: async () => (await import('./secrets-rekey.ts')).rekey,
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
