import type { Outcome } from '../core/outcome.ts';
import type { Args, CommandSpec } from './args.ts';
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
];

/** Commands that read their arguments themselves. */
export const SEPARATE = [
  { name: 'lab', summary: 'three real hosts on this machine, to try things on' },
] as const;

export function commandNames(): string[] {
  return [...COMMANDS.map(({ spec }) => spec.name), ...SEPARATE.map(({ name }) => name)];
}
