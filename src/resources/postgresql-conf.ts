import { posix } from 'node:path';
import { blocked, type Change } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import type { Json } from '../core/value.ts';
import { contentFact } from '../facts/content.ts';
import { postgresFact } from '../facts/postgres.ts';
import { consequencesOf, parameterProblem, settingsSeen } from './parts/parameters.ts';
import {
  fileCommands,
  fileDetail,
  fileDiff,
  fileNeeds,
  filePredict,
  fileTouches,
  type WantedFile,
} from './parts/regular-file.ts';
import { ATTRIBUTES, absolutePath, object, portNumber, text } from './parts/schema.ts';

type Value = string | number | boolean;

export type PostgresqlConfArgs = {
  readonly name: string;
  readonly config: string;
  readonly directory?: string;
  readonly settings: { readonly [name: string]: Value };
  readonly port?: number;
  readonly owner?: string;
  readonly group?: string;
  readonly mode?: string;
};

type Result = { readonly path: string; readonly restart_required: readonly string[] };

export const postgresqlConf: Resource<PostgresqlConfArgs, Result> = {
  name: 'postgresql_conf',
  kind: 'resource',
  scope: 'host',
  summary:
    'Settings of a PostgreSQL without Patroni, as a file that its postgresql.conf includes. It is not reloaded: notify a handler.',
  examples: [
    {
      title: 'Settings in a file of their own',
      yaml: `- name: Memory
  postgresql_conf:
    name: 10-memory
    config: /etc/postgresql/15/main/postgresql.conf
    port: 5433
    settings: { shared_buffers: 256MB, work_mem: 16MB }
    owner: postgres
    group: postgres
    mode: "0644"
`,
    },
  ],
  schema: object(
    {
      name: {
        type: 'string',
        pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$',
        description:
          'Of the file; ".conf" is added where it is missing. Files are read in the order of their names.',
      },
      config: absolutePath("The server's postgresql.conf, which must say include_dir for the directory."),
      directory: {
        type: 'string',
        pattern: '^[^\\u0000\\n]+$',
        default: 'conf.d',
        description: 'Where the file goes, as include_dir says it.',
      },
      settings: {
        type: 'object',
        minProperties: 1,
        propertyNames: { pattern: '^[A-Za-z_][A-Za-z0-9_$.]*$' },
        additionalProperties: { type: ['string', 'number', 'boolean'] },
        description: 'Parameters and their values; quoted as PostgreSQL wants it.',
      },
      port: portNumber('Of the server, which knows what needs a restart.', 5432),
      ...ATTRIBUTES,
    },
    ['name', 'config', 'settings'],
  ),
  result: object(
    {
      path: text('The file.'),
      restart_required: {
        type: 'array',
        items: { type: 'string' },
        description: 'Parameters just changed that take effect with a restart; the others with a reload.',
      },
    },
    ['path', 'restart_required'],
  ),
  identity: ['name', 'config', 'directory', 'port'],
  address: (args) => `path ${pathOf(args)}`,
  needs: (args) => [
    ...fileNeeds({ path: pathOf(args) }),
    contentFact(args.config),
    contentFact(pathOf(args)),
    postgresFact(args.port),
  ],
  detail: (args, change) => fileDetail(asFile(args), change),
  diff,
  commands: (args, change) => fileCommands(asFile(args), change),
  touches: (args, change) => fileTouches(pathOf(args), change),
  predict: (args, change) => filePredict(asFile(args), change),
  registered: (args, { note }) => ({
    path: pathOf(args),
    restart_required: (note as { readonly restart?: readonly string[] } | undefined)?.restart ?? [],
  }),
};

function pathOf({ name, config, directory = 'conf.d' }: PostgresqlConfArgs): string {
  return posix.resolve(posix.dirname(config), directory, `${name.replace(/\.conf$/, '')}.conf`);
}

function asFile(args: PostgresqlConfArgs): WantedFile {
  const { owner, group, mode, settings } = args;
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}\n`);
  return {
    path: pathOf(args),
    content: `# Written by fanops: changes made here by hand are undone by the next apply.\n${lines.join('')}`,
    ...(owner === undefined ? {} : { owner }),
    ...(group === undefined ? {} : { group }),
    mode: mode ?? '0644',
  };
}

function diff(args: PostgresqlConfArgs, facts: FactView): Change {
  const { config } = args;
  const content = facts.get(contentFact(config));
  if (content.state === 'unreadable') return blocked(`could not read ${config}: ${content.reason}`);
  if (content.state === 'absent') return blocked(`${config} does not exist: is it the right server?`);
  const problem = includeProblem(args, content.value.text) ?? parameterIssue(args, facts);
  if (problem) return blocked(problem);
  const change = fileDiff(asFile(args), facts);
  if (change.action !== 'create' && change.action !== 'update') return change;
  const { restart, reason } = consequences(args, facts);
  if (change.fields.every((f) => f.field !== 'content')) return change;
  return {
    ...change,
    note: { ...(change.note as { readonly [name: string]: Json }), restart },
    risk: restart.length > 0 ? 'restarts' : change.risk,
    ...(reason === undefined ? {} : { reason }),
  };
}

function includeProblem(args: PostgresqlConfArgs, content: string | undefined): string | undefined {
  const { config, directory = 'conf.d' } = args;
  if (content === undefined) return `${config} is longer than 64 KiB, or not UTF-8`;
  const wanted = posix.dirname(pathOf(args));
  const included = content.split('\n').flatMap((line) => {
    const [, named] = /^\s*include_dir\s*=?\s*'((?:[^']|'')*)'\s*(?:#.*)?$/i.exec(line) ?? [];
    return named === undefined ? [] : [posix.resolve(posix.dirname(config), named.replaceAll("''", "'"))];
  });
  return included.includes(wanted)
    ? undefined
    : `${config} does not include ${wanted}: add the line include_dir = '${directory}' (line_in_file)`;
}

function parameterIssue({ settings, port }: PostgresqlConfArgs, facts: FactView): string | undefined {
  const parameters = Object.keys(settings).map((name) => ({ name, isRemoved: false }));
  return parameterProblem(parameters, settingsSeen(port, facts));
}

/** Of the settings whose lines are new or changed, and of those that were in the file and go. */
function consequences(args: PostgresqlConfArgs, facts: FactView) {
  const looked = facts.get(contentFact(pathOf(args)));
  const old = looked.state === 'value' ? (looked.value.text ?? '') : '';
  const before = new Set(old.split('\n').filter((line) => !line.startsWith('#') && line !== ''));
  const after = new Set(
    String(asFile(args).content)
      .split('\n')
      .filter((line) => !line.startsWith('#') && line !== ''),
  );
  const changed = [
    ...[...before].filter((l) => !after.has(l)),
    ...[...after].filter((l) => !before.has(l)),
  ].map((line) => line.split(' = ', 1)[0] ?? '');
  return consequencesOf([...new Set(changed)], settingsSeen(args.port, facts));
}

/** PostgreSQL reads backslashes in quotes as C does. */
function quoted(value: Value): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (typeof value === 'number') return String(value);
  const text = value.replaceAll('\\', '\\\\').replaceAll("'", "''");
  return `'${text.replaceAll('\n', '\\n').replaceAll('\r', '\\r').replaceAll('\t', '\\t')}'`;
}
