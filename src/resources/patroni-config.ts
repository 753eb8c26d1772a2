import { blocked, type Change, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import type { Json } from '../core/value.ts';
import { patroniFact } from '../facts/patroni.ts';
import { type PatroniConfig, patroniConfigFact, type Settings } from '../facts/patroni-config.ts';
import { postgresFact } from '../facts/postgres.ts';
import { consequencesOf, parameterProblem, settingsSeen } from './parts/parameters.ts';
import { patchConfig } from './parts/patroni-patch.ts';
import {
  parameterOf,
  patchOf,
  type SettingChange,
  settingChanges,
  settingField,
} from './parts/patroni-settings.ts';
import { object, portNumber, text } from './parts/schema.ts';

export type PatroniConfigArgs = {
  readonly members: string;
  readonly settings: Settings;
  readonly port?: number;
  readonly postgresql_port?: number;
};

type Result = { readonly restart_required: readonly string[]; readonly pending_restart: readonly string[] };

/** What `diff` keeps for `commands`. */
type Note = {
  readonly patch: Json;
  readonly urls: readonly string[];
  readonly restart: readonly string[];
  readonly member: string;
};

const NAMES = { type: 'array', items: { type: 'string' } } as const;

export const patroniConfig: Resource<PatroniConfigArgs, Result> = {
  name: 'patroni_config',
  kind: 'resource',
  scope: 'cluster',
  summary: "Settings in Patroni's dynamic configuration, common to all members; what is not named stays.",
  examples: [
    {
      title: 'A setting of PostgreSQL for the whole cluster',
      yaml: `- name: Slow statements are logged
  patroni_config:
    members: db
    settings:
      postgresql: { parameters: { log_min_duration_statement: 500ms } }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts run the members.'),
      settings: {
        type: 'object',
        minProperties: 1,
        description: 'As in `patronictl edit-config`: a nested mapping. null removes a setting.',
      },
      port: portNumber("Of Patroni's REST interface.", 8008),
      postgresql_port: portNumber('Of PostgreSQL, which knows what needs a restart.', 5432),
    },
    ['members', 'settings'],
  ),
  result: object(
    {
      restart_required: { ...NAMES, description: 'Parameters just changed that take effect with a restart.' },
      pending_restart: { ...NAMES, description: 'Members that Patroni says must be restarted.' },
    },
    ['restart_required', 'pending_restart'],
  ),
  identity: ['members', 'port', 'postgresql_port'],
  membersFrom: 'members',
  address: ({ members, settings }) => `patroni_config ${members} ${leaves(settings).join(' ')}`,
  needs: ({ port, postgresql_port }) => [
    patroniConfigFact(port),
    patroniFact(port),
    postgresFact(postgresql_port),
  ],
  diff,
  commands,
  touches: () => [{ on: 'cluster', name: 'patroni' }],
  registered: ({ port }, change, _outputs, facts) => ({
    restart_required: (change.note as Note | undefined)?.restart ?? [],
    pending_restart: pendingMembers(port, facts),
  }),
};

function diff({ settings, port, postgresql_port }: PatroniConfigArgs, facts: FactView): Change {
  const views = viewsOf(port, facts);
  const [first] = views;
  if (!first) return blocked(`no Patroni answers: ${silence(port, facts)}`);
  const changes = unite(views.map(({ config }) => settingChanges(settings, config.settings)));
  if (changes.length === 0) return NONE;
  const parameters = changes.flatMap(({ path, after }) => {
    const name = parameterOf(path);
    return name === undefined ? [] : [{ name, isRemoved: after === null }];
  });
  const known = settingsSeen(postgresql_port, facts);
  const problem = parameterProblem(parameters, known);
  if (problem) return blocked(problem);
  const { restart, reason } = consequencesOf(
    parameters.map(({ name }) => name),
    known,
  );
  const note: Note = { patch: patchOf(changes), urls: first.config.urls, restart, member: first.member };
  return {
    action: 'update',
    risk: restart.length > 0 ? 'restarts' : 'changes',
    fields: changes.map(settingField),
    ...(reason === undefined ? {} : { reason }),
    note,
  };
}

function commands(_args: PatroniConfigArgs, change: Change): Command[] {
  const { patch, urls, restart, member } = change.note as Note;
  return [
    {
      kind: 'shell',
      on: member,
      script: patchConfig(urls, restart.length > 0).text,
      stdin: { kind: 'text', text: JSON.stringify(patch) },
      display: `PATCH /config: ${change.fields.map((f) => f.field).join(', ')}`,
      timeoutMs: 5 * 60_000,
    },
  ];
}

/** What members see; they may lag behind each other for a moment. */
function viewsOf(port: number | undefined, facts: FactView): { member: string; config: PatroniConfig }[] {
  return facts.members.flatMap((member) => {
    const looked = facts.get(patroniConfigFact(port), member);
    return looked.state === 'value' ? [{ member, config: looked.value }] : [];
  });
}

/** Whatever differs for one of them; the first that says so tells what is there now. */
function unite(lists: readonly (readonly SettingChange[])[]): SettingChange[] {
  const byPath = new Map<string, SettingChange>();
  for (const change of lists.flat()) {
    const key = change.path.join('\0');
    if (!byPath.has(key)) byPath.set(key, change);
  }
  return [...byPath.values()];
}

function silence(port: number | undefined, facts: FactView): string {
  const reasons = facts.members.map((member) => {
    const looked = facts.get(patroniConfigFact(port), member);
    return `${member}: ${looked.state === 'unreadable' ? looked.reason : 'nothing listens there'}`;
  });
  return reasons.join('; ');
}

function pendingMembers(port: number | undefined, facts: FactView): string[] {
  const pending = facts.members.flatMap((member) => {
    const looked = facts.get(patroniFact(port), member);
    if (looked.state !== 'value') return [];
    return looked.value.members.filter((m) => m.pendingRestart).map((m) => m.name);
  });
  return [...new Set(pending)].sort();
}

function leaves(settings: Settings, above = ''): string[] {
  return Object.entries(settings).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? leaves(value as Settings, `${above}${name}.`)
      : [`${above}${name}`],
  );
}
