import type { Command } from './command.ts';
import { AGE_IDENTITY, CONNECTION, DISPLAY, HELP, LOCK_WAIT, NO_COLOUR, PROJECT, UNTIL } from './options.ts';

const INVENTORY = PROJECT.filter(({ name }) => name === 'inventory');
const LIMIT = PROJECT.filter(({ name }) => name === 'limit');
const JSON_OUT = { name: 'json', help: 'as JSON on stdout' };

/** What can be done with runs that were begun, and with what they left on hosts. */
export const RUN_COMMANDS: readonly Command[] = [
  {
    spec: {
      name: 'resume',
      summary: 'go on with a run that was stopped, failed or killed; what ended is not done again',
      positionals: ['RUN'],
      options: [
        {
          name: 'treat-as',
          value: 'WORD',
          help: 'what is in doubt: done, again, or TASK[ITEM]@HOST=done|again; may be repeated',
        },
        {
          name: 'confirm',
          value: 'TEXT',
          help: 'what a step of a runbook asks to be typed; may be repeated',
        },
        UNTIL,
        { name: 'changed-sources', help: 'go on though files have changed since it began' },
        LOCK_WAIT,
        { name: 'extra-vars', short: 'e', value: 'NAME=VALUE', help: 'a secret variable, given again' },
        AGE_IDENTITY,
        ...CONNECTION,
        ...DISPLAY,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./resume.ts')).resume,
  },
  {
    spec: {
      name: 'runs',
      summary: 'list what was done from here, and what can be taken up',
      positionals: [],
      options: [JSON_OUT, NO_COLOUR, HELP],
    },
    load: async () => (await import('./runs.ts')).runs,
  },
  {
    spec: {
      name: 'runs show',
      summary: 'what happened in a run, line by line; RUN is an id, its beginning, or `last`',
      positionals: ['RUN'],
      options: [JSON_OUT, NO_COLOUR, HELP],
    },
    load: async () => (await import('./runs.ts')).showRun,
  },
  {
    spec: {
      name: 'unlock',
      summary: 'say who holds hosts, and take them away from a run that is dead for good',
      positionals: ['HOST'],
      isRepeated: true,
      options: [
        { name: 'run', value: 'RUN', help: 'only where this run holds them' },
        { name: 'yes', short: 'y', help: 'do not ask' },
        ...INVENTORY,
        ...CONNECTION,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./unlock.ts')).unlock,
  },
  {
    spec: {
      name: 'handlers',
      summary: 'list handlers that were notified on hosts and never ran',
      positionals: [],
      options: [
        { name: 'clear', help: 'forget them: they will not run' },
        { name: 'yes', short: 'y', help: 'do not ask' },
        JSON_OUT,
        ...LIMIT,
        ...INVENTORY,
        ...CONNECTION,
        NO_COLOUR,
        HELP,
      ],
    },
    load: async () => (await import('./handlers.ts')).handlers,
  },
];
