import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines } from '../core/shell.ts';
import { patroniFact } from '../facts/patroni.ts';
import { type CommandOutput, OUTPUT_RESULT, outputOf } from './command.ts';
import { milliseconds } from './parts/duration.ts';
import {
  PATRONICTL,
  type PatronictlArgs,
  patronictl,
  patroniName,
  untilMembers,
} from './parts/patronictl.ts';
import { flag, object } from './parts/schema.ts';

export interface PatroniRestartArgs extends PatronictlArgs {
  readonly member: string;
  readonly pending?: boolean;
}

export const patroniRestart: Resource<PatroniRestartArgs, CommandOutput> = {
  name: 'patroni_restart',
  kind: 'action',
  scope: 'host',
  summary: "Restarts this host's PostgreSQL through Patroni, and makes sure that it runs again.",
  examples: [
    {
      title: 'A setting that wants a restart',
      yaml: `- name: Restart where it is pending
  patroni_restart: { cluster: fanatico-l1-cluster, member: "{{inventory_hostname}}", pending: true }
`,
    },
  ],
  schema: object(
    {
      member: patroniName('The member of this host, as Patroni calls it.'),
      pending: flag('Only when Patroni says that a restart is pending.', false),
      ...PATRONICTL,
    },
    ['cluster', 'member'],
  ),
  result: OUTPUT_RESULT,
  identity: ['port', 'pending'],
  address: ({ member }) => `patroni_restart ${member}`,
  needs: ({ port }) => [patroniFact(port)],
  diff,
  commands: (args) => {
    const timeoutMs = milliseconds(args.timeout ?? '2m');
    const { cluster, member } = args;
    const script = lines(
      patronictl(args, ['restart', '--force', cluster, member], `Success: restart on member ${member}`),
      untilMembers(args, [{ member, role: 'any' }], Math.ceil(timeoutMs / 1000)),
    );
    const display = `patronictl restart --force ${cluster} ${member}`;
    return [{ kind: 'shell', script: script.text, display, timeoutMs: 2 * timeoutMs + 600_000 }];
  },
  touches: () => [{ on: 'anything' }, { on: 'cluster', name: 'patroni' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff({ port, pending, member }: PatroniRestartArgs, facts: FactView): Change {
  const looked = facts.get(patroniFact(port));
  if (looked.state === 'unreadable') return blocked(looked.reason);
  if (looked.state === 'absent') return blocked(`no Patroni answers on ${facts.host}: start it instead`);
  if (pending && !looked.value.pendingRestart) return NONE;
  return {
    action: 'run',
    risk: 'interrupts',
    fields: [],
    reason: `restarts PostgreSQL on ${member} (${looked.value.role})`,
  };
}
