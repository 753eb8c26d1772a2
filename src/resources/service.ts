import { blocked, type Change, type FieldChange, NONE, type Risk } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines, type Script, sh } from '../core/shell.ts';
import { type UnitInfo, unitFact } from '../facts/unit.ts';
import { flag, object, oneOf, text } from './parts/schema.ts';

export type ServiceArgs = {
  readonly name: string;
  readonly enabled?: boolean;
  readonly state?: 'started' | 'stopped' | 'restarted' | 'reloaded';
  readonly no_block?: boolean;
  readonly daemon_reload?: boolean;
};

const STATES = ['started', 'stopped', 'restarted', 'reloaded'] as const;
const RISK: { readonly [state: string]: Risk } = { stopped: 'interrupts', restarted: 'restarts' };

/** Longer than systemd's own limits for starting and stopping. */
const TIMEOUT_MS = 15 * 60_000;

export const service: Resource<ServiceArgs, { readonly name: string }> = {
  name: 'service',
  kind: 'resource',
  scope: 'host',
  summary: 'A systemd unit: whether it runs, and whether it starts at boot.',
  examples: [
    {
      title: 'A service that runs now, and after a restart',
      yaml: `- name: cron runs
  service: { name: cron, state: started, enabled: true }
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
      enabled: { type: 'boolean', description: 'Whether it starts at boot. Left as it is when absent.' },
      state: oneOf(
        STATES,
        'started and stopped are made so when they are not; restarted and reloaded are done every time.',
      ),
      no_block: flag(
        'Do not wait until it has started: for a unit that waits for its peers, such as etcd.',
        false,
      ),
      daemon_reload: flag(
        'Make systemd read its units again first. Done anyway when systemd says that it is needed.',
        false,
      ),
    },
    ['name'],
  ),
  result: object({ name: text('The unit, with its suffix.') }, ['name']),
  identity: ['name'],
  address: ({ name }) => `service ${unitName(name)}`,
  needs: ({ name }) => [unitFact(unitName(name))],
  diff,
  commands: (args, change) => [
    {
      kind: 'shell',
      script: script(args, change).text,
      display: display(args, change),
      timeoutMs: TIMEOUT_MS,
    },
  ],
  touches: (args, change) =>
    change.action === 'update' && change.fields.every((f) => f.field === 'enabled')
      ? [
          { on: 'unit', name: unitName(args.name) },
          { on: 'path', path: '/etc/systemd' },
        ]
      : [{ on: 'anything' }],
  registered: ({ name }) => ({ name: unitName(name) }),
};

function diff(args: ServiceArgs, facts: FactView): Change {
  const { state, enabled } = args;
  const name = unitName(args.name);
  const looked = facts.get(unitFact(name));
  if (looked.state === 'unreadable') return blocked(looked.reason);
  if (looked.state === 'absent') {
    if (enabled !== true && (state === 'stopped' || state === undefined)) return NONE;
    return blocked(`systemd knows no unit ${name}: install the package or write the unit first`);
  }
  const info = looked.value;
  const problem = problemWith(name, info, args);
  if (problem) return blocked(problem);
  const fields = fieldsOf(info, args);
  if (state === 'restarted' || state === 'reloaded')
    return { action: 'run', risk: RISK[state] ?? 'changes', fields, reason: state };
  const risk = fields.some((f) => f.field === 'state') ? (RISK[state ?? ''] ?? 'changes') : 'changes';
  return fields.length === 0 ? NONE : { action: 'update', risk, fields };
}

function fieldsOf(info: UnitInfo, { state, enabled, no_block }: ServiceArgs): FieldChange[] {
  const fields: FieldChange[] = [];
  if (info.needsReload) fields.push({ field: 'daemon_reload', before: 'needed', after: 'done' });
  if (enabled !== undefined && enabled !== isEnabled(info))
    fields.push({ field: 'enabled', before: info.file, after: enabled ? 'enabled' : 'disabled' });
  const runs = isRunning(info, no_block === true);
  if (state === 'started' && !runs) fields.push({ field: 'state', before: info.active, after: 'started' });
  if (state === 'stopped' && !['inactive', 'failed'].includes(info.active))
    fields.push({ field: 'state', before: info.active, after: 'stopped' });
  return fields;
}

function problemWith(name: string, info: UnitInfo, { state, enabled }: ServiceArgs): string | undefined {
  const wantsRunning = state !== undefined && state !== 'stopped';
  if (info.load === 'masked' || info.file === 'masked')
    return wantsRunning || enabled === true ? `${name} is masked: unmask it first` : undefined;
  if (info.load !== 'loaded')
    return `systemd could not load ${name} (${info.load}): systemctl status ${name} says why`;
  if (enabled !== undefined && ['static', 'generated', 'transient', ''].includes(info.file))
    return `${name} cannot be enabled or disabled: its state is "${info.file || 'none'}" (it has no [Install] section)`;
  return undefined;
}

function isEnabled({ file }: UnitInfo): boolean {
  return ['enabled', 'alias', 'linked', 'indirect'].includes(file);
}

/** A start that was not waited for is on its way while the unit is activating. */
function isRunning({ active }: UnitInfo, noBlock: boolean): boolean {
  return ['active', 'reloading', 'refreshing'].includes(active) || (noBlock && active === 'activating');
}

function script(args: ServiceArgs, change: Change): Script {
  const name = unitName(args.name);
  const changes = (field: string) => change.fields.some((f) => f.field === field);
  return lines(
    sh`set -eu`,
    args.daemon_reload || changes('daemon_reload') ? sh`systemctl daemon-reload` : undefined,
    changes('enabled') ? sh`systemctl ${args.enabled ? 'enable' : 'disable'} --quiet -- ${name}` : undefined,
    change.action === 'run' || changes('state') ? act(name, args) : undefined,
  );
}

function act(name: string, { state, no_block }: ServiceArgs): Script {
  const verb = { started: 'start', stopped: 'stop', restarted: 'restart', reloaded: 'reload' }[
    state ?? 'started'
  ];
  if (!no_block) return sh`systemctl ${verb} -- ${name}`;
  const begun = sh`[ "$(systemctl show --property=ActiveState --value -- ${name})" != inactive ]`;
  return lines(
    sh`systemctl ${verb} --no-block -- ${name}`,
    // The job is only queued: wait until it has begun, so that looking again sees it.
    state === 'started'
      ? sh`n=0; until ${begun} || [ $n -ge 50 ]; do n=$((n + 1)); sleep 0.1; done`
      : undefined,
  );
}

function display({ name, state, enabled }: ServiceArgs, change: Change): string {
  const enables = change.fields.some((f) => f.field === 'enabled');
  const acts = change.action === 'run' || change.fields.some((f) => f.field === 'state');
  const said = [enables ? (enabled ? 'enabled' : 'disabled') : '', acts ? state : '']
    .filter(Boolean)
    .join(', ');
  return `systemctl: ${unitName(name)} ${said || 'daemon-reload'}`;
}

export function unitName(name: string): string {
  return /\.(service|socket|timer|target|mount|path|slice|device|automount|swap|scope)$/.test(name)
    ? name
    : `${name}.service`;
}
