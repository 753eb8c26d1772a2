import { posix } from 'node:path';
import { blocked, type Change } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactRequest, FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import type { Secret } from '../core/secret.ts';
import { sh } from '../core/shell.ts';
import { placeFact } from '../facts/place.ts';
import { unitFact } from '../facts/unit.ts';
import { file, PATH_RESULT } from './file.ts';
import type { LocalFile } from './parts/body.ts';
import { absolutePath, object, oneOf, SOURCE, text } from './parts/schema.ts';
import { unitName } from './service.ts';

export type SystemdUnitArgs = {
  readonly name: string;
  readonly drop_in?: string;
  readonly src?: string;
  readonly content?: string | Secret;
  readonly source?: LocalFile;
  readonly state?: 'present' | 'absent';
  readonly directory?: string;
};

export const systemdUnit: Resource<SystemdUnitArgs, { readonly path: string }> = {
  name: 'systemd_unit',
  kind: 'resource',
  scope: 'host',
  summary:
    'A unit file of systemd, or a drop-in for one; systemd reads its units again when it changed. `service` starts it.',
  examples: [
    {
      title: 'A drop-in for a unit that is not ours',
      yaml: `- name: cron gives way
  systemd_unit:
    name: cron
    drop_in: nice
    content: |
      [Service]
      Nice=5
`,
    },
  ],
  schema: object(
    {
      name: {
        type: 'string',
        pattern: '^[A-Za-z0-9:_.\\\\@][A-Za-z0-9:_.\\\\@-]*$',
        description: 'The unit; ".service" is added where it has no suffix.',
      },
      drop_in: {
        type: 'string',
        pattern: '^[A-Za-z0-9_][A-Za-z0-9_.-]*$',
        description:
          'Name of a drop-in for the unit, instead of the unit itself: "fanatico" or "fanatico.conf".',
      },
      src: text(
        'The file on the controller: rendered where its name ends in .hbs, else copied byte for byte.',
      ),
      content: { ...text('The whole content, instead of `src`.'), 'x-secret': true },
      source: SOURCE,
      state: { ...oneOf(['present', 'absent'], 'Whether it is there.'), default: 'present' },
      directory: { ...absolutePath('Where units are.'), default: '/etc/systemd/system' },
    },
    ['name'],
  ),
  result: PATH_RESULT,
  identity: ['name', 'drop_in', 'directory', 'state'],
  address: (args) => `path ${pathOf(args)}`,
  needs: (args) => [...file.needs(identity(args)), ...above(args), unitFact(unitName(args.name))],
  detail: (args, change) => (isFileChange(change) ? (file.detail?.(asFile(args), change) ?? []) : []),
  diff,
  commands,
  touches: (args) => [
    { on: 'path', path: pathOf(args) },
    ...(args.drop_in === undefined
      ? []
      : [{ on: 'path', path: posix.dirname(pathOf(args)), only: true } as const]),
    { on: 'unit', name: unitName(args.name) },
  ],
  registered: (args) => ({ path: pathOf(args) }),
};

function pathOf({ name, drop_in, directory = '/etc/systemd/system' }: SystemdUnitArgs): string {
  const unit = posix.join(directory, unitName(name));
  return drop_in === undefined ? unit : `${unit}.d/${drop_in.replace(/\.conf$/, '')}.conf`;
}

function identity(args: SystemdUnitArgs) {
  return { path: pathOf(args), follow: false, state: args.state ?? 'present' } as const;
}

/** The directory of the drop-ins is made with the first one. */
function above(args: SystemdUnitArgs): FactRequest<{ readonly type: string }>[] {
  return args.drop_in === undefined || args.state === 'absent'
    ? []
    : [placeFact(posix.dirname(posix.dirname(pathOf(args))))];
}

function asFile(args: SystemdUnitArgs) {
  const { content, source } = args;
  return {
    ...identity(args),
    ...(content === undefined ? {} : { content }),
    ...(source === undefined ? {} : { source }),
    mode: '0644',
    ...(args.directory === undefined ? { owner: 'root', group: 'root' } : {}),
  };
}

function diff(args: SystemdUnitArgs, facts: FactView): Change {
  const unit = facts.get(unitFact(unitName(args.name)));
  if (unit.state === 'unreadable') return blocked(unit.reason);
  const change = file.diff(asFile(args), withDirectory(args, facts));
  const isStale = unit.state === 'value' && unit.value.needsReload;
  if (change.action !== 'none' || !isStale) return change;
  return {
    action: 'update',
    risk: 'changes',
    fields: [{ field: 'daemon_reload', before: 'needed', after: 'done' }],
  };
}

/** A missing directory of drop-ins is no hindrance, where the one above it is there. */
function withDirectory(args: SystemdUnitArgs, facts: FactView): FactView {
  const [parent] = above(args);
  if (!parent || facts.get(parent).state !== 'value') return facts;
  const own = placeFact(posix.dirname(pathOf(args)));
  if (facts.get(own).state !== 'absent') return facts;
  return {
    ...facts,
    get: (request, member) =>
      request.kind === own.kind && request.subject === own.subject
        ? ({ state: 'value', value: { type: 'directory' } } as never)
        : facts.get(request, member),
  };
}

function isFileChange(change: Change): boolean {
  return change.fields.every(({ field }) => field !== 'daemon_reload');
}

function commands(args: SystemdUnitArgs, change: Change, facts: FactView): Command[] {
  const path = pathOf(args);
  const reload: Command = {
    kind: 'shell',
    script: sh`systemctl daemon-reload`.text,
    display: 'systemctl daemon-reload',
    timeoutMs: 60_000,
  };
  if (!isFileChange(change)) return [reload];
  const written = file.commands(asFile(args), change, facts);
  if (args.drop_in === undefined || change.action === 'delete') return [...written, reload];
  const directory = posix.dirname(path);
  const made: Command = {
    kind: 'shell',
    script: sh`umask 022; mkdir -p -- ${directory}`.text,
    display: `mkdir -p ${directory}`,
    timeoutMs: 60_000,
  };
  return [made, ...written, reload];
}
