import type { Change } from '../core/change.ts';
import type { Resource } from '../core/resource.ts';
import { file, PATH_RESULT } from './file.ts';
import type { WantedFile } from './parts/regular-file.ts';
import { type Schedule, scheduleWords } from './parts/schedule-words.ts';
import { absolutePath, accountName, object, oneOf } from './parts/schema.ts';

type Job = Schedule & {
  readonly user?: string;
  readonly command: string;
};

export type CronArgs = {
  readonly name: string;
  readonly jobs?: readonly Job[];
  readonly environment?: { readonly [name: string]: string };
  readonly state?: 'present' | 'absent';
  readonly directory?: string;
};

const FIELDS = ['minute', 'hour', 'day', 'month', 'weekday'] as const;
const TIMES = ['reboot', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;

function field(description: string): { readonly [key: string]: string | readonly string[] | number } {
  return { type: ['string', 'integer'], pattern: '^[-0-9A-Za-z*,/]+$', minimum: 0, description };
}

const JOB = {
  ...object(
    {
      minute: field('0-59, "*/15"; every one when absent.'),
      hour: field('0-23; every one when absent.'),
      day: field('Of the month, 1-31; every one when absent.'),
      month: field('1-12 or JAN-DEC; every one when absent.'),
      weekday: field('0-7 (0 and 7 are Sunday) or SUN-SAT; every one when absent.'),
      special: oneOf(TIMES, 'Instead of the five fields.'),
      user: accountName('Who runs it; root when absent.'),
      command: {
        type: 'string',
        pattern: '^[^\\n\\r\\u0000]*[^\\s\\u0000][^\\n\\r\\u0000]*$',
        description: 'One line for /bin/sh. A % is protected, which cron would take for the end of the line.',
      },
    },
    ['command'],
  ),
  description: 'A command, and when: some of the five fields, or `special` instead of them.',
  not: { required: ['special'], anyOf: FIELDS.map((name) => ({ required: [name] })) },
};

export const cron: Resource<CronArgs, { readonly path: string }> = {
  name: 'cron',
  kind: 'resource',
  scope: 'host',
  summary: 'A file of jobs in /etc/cron.d.',
  examples: [
    {
      title: 'A job of postgres, every morning',
      yaml: `- name: Report in the morning
  cron:
    name: report
    jobs:
      - { hour: 6, minute: 15, user: postgres, command: /usr/local/bin/report --mail }
`,
    },
  ],
  schema: {
    ...object(
      {
        name: {
          type: 'string',
          pattern: '^[A-Za-z0-9_-]+$',
          description: 'Of the file: letters, digits, "_" and "-", because cron ignores all others.',
        },
        jobs: { type: 'array', items: JOB, minItems: 1, description: 'What is run, and when.' },
        environment: {
          type: 'object',
          propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_]*$' },
          additionalProperties: { type: 'string', pattern: '^[^\\n\\r\\u0000]*$' },
          description: 'Variables of all jobs: PATH, MAILTO, SHELL and others.',
        },
        state: { ...oneOf(['present', 'absent'], 'Whether the file is there.'), default: 'present' },
        directory: { ...absolutePath('Where cron looks for such files.'), default: '/etc/cron.d' },
      },
      ['name'],
    ),
    anyOf: [{ required: ['jobs'] }, { properties: { state: { const: 'absent' } }, required: ['state'] }],
  },
  result: PATH_RESULT,
  identity: ['name', 'directory', 'state'],
  address: (args) => `path ${pathOf(args)}`,
  needs: (args) => file.needs(identity(args)),
  detail: (args, change) => file.detail?.(asFile(args), change) ?? [],
  diff: (args, facts) => withSchedule(args, file.diff(asFile(args), facts)),
  commands: (args, change, facts) => file.commands(asFile(args), change, facts),
  touches: (args, change) => file.touches(asFile(args), change),
  predict: (args, change) => file.predict?.(asFile(args), change) ?? [],
  registered: (args) => ({ path: pathOf(args) }),
};

function pathOf({ name, directory = '/etc/cron.d' }: CronArgs): string {
  return `${directory}/${name}`;
}

/** Reads nothing else: jobs may be unknown when this is asked for. */
function identity(args: CronArgs): WantedFile & { readonly state: 'present' | 'absent' } {
  return { path: pathOf(args), follow: false, state: args.state ?? 'present' };
}

/** Cron refuses files that others may write, or that do not belong to root. */
function asFile(args: CronArgs): WantedFile & { readonly state: 'present' | 'absent' } {
  const owners = args.directory === undefined ? { owner: 'root', group: 'root' } : {};
  return { ...identity(args), content: cronFile(args), mode: '0644', ...owners };
}

/** What becomes of it: when the jobs will run. */
function withSchedule({ jobs = [], state }: CronArgs, change: Change): Change {
  const isWritten = change.fields.some(({ field: name }) => name === 'content');
  if (state === 'absent' || change.action === 'blocked' || !isWritten) return change;
  const words = [...new Set(jobs.map(scheduleWords))];
  return { ...change, reason: `runs, by the clock of the host: ${words.join('; ')}` };
}

/** The text of the file; it ends with a newline, without which cron ignores its last line. */
export function cronFile({ jobs = [], environment = {} }: CronArgs): string {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${quotedValue(value)}`);
  const lines = jobs.map(({ user = 'root', command, special, ...times }) => {
    const when =
      special === undefined ? FIELDS.map((name) => String(times[name] ?? '*')).join(' ') : `@${special}`;
    return `${when} ${user} ${command.trim().replaceAll('%', '\\%')}`;
  });
  return [
    '# Written by fanops: changes made here by hand are undone by the next apply.',
    ...variables,
    ...lines,
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** Cron takes quotes off only where they stand at both ends, and knows no escapes in them. */
function quotedValue(value: string): string {
  if (!/^\s|\s$|^['"]|^$/.test(value)) return value;
  return value.includes('"') ? `'${value}'` : `"${value}"`;
}
