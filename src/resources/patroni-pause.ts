import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { patroniConfigFact } from '../facts/patroni-config.ts';
import { type CommandOutput, OUTPUT_RESULT, outputOf } from './command.ts';
import { milliseconds } from './parts/duration.ts';
import { PATRONICTL, type PatronictlArgs, patronictl } from './parts/patronictl.ts';
import { duration, object } from './parts/schema.ts';

export interface PatroniPauseArgs extends PatronictlArgs {
  readonly paused: boolean;
}

export const patroniPause: Resource<PatroniPauseArgs, CommandOutput> = {
  name: 'patroni_pause',
  kind: 'resource',
  scope: 'host',
  summary:
    'Whether Patroni keeps its hands off the cluster: while it is paused, nobody is promoted, restarted or started.',
  examples: [
    {
      title: 'No failover while something else is repaired',
      yaml: `- name: Patroni leaves the roles as they are
  patroni_pause: { cluster: fanatico-l1-cluster, paused: true }
`,
    },
  ],
  schema: object(
    {
      paused: { type: 'boolean', description: 'true: paused; false: managed again.' },
      ...PATRONICTL,
      timeout: duration('How long it may take until every member knows; 2m when absent.'),
    },
    ['cluster', 'paused'],
  ),
  result: OUTPUT_RESULT,
  identity: ['port'],
  address: ({ cluster }) => `patroni_pause ${cluster}`,
  needs: ({ port }) => [patroniConfigFact(port)],
  diff,
  commands: (args) => {
    const { cluster, paused } = args;
    const words = [paused ? 'pause' : 'resume', '--wait', cluster];
    const success = `Success: cluster management is ${paused ? 'paused' : 'resumed'}`;
    return [
      {
        kind: 'shell',
        script: patronictl(args, words, success).text,
        display: `patronictl ${words.join(' ')}`,
        timeoutMs: milliseconds(args.timeout ?? '2m'),
      },
    ];
  },
  touches: () => [{ on: 'cluster', name: 'patroni' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff({ port, paused }: PatroniPauseArgs, facts: FactView): Change {
  const looked = facts.get(patroniConfigFact(port));
  if (looked.state === 'unreadable') return blocked(looked.reason);
  if (looked.state === 'absent') return blocked(`no Patroni answers on ${facts.host}`);
  const isPaused = looked.value.settings.pause === true;
  if (isPaused === paused) return NONE;
  const fields = [{ field: 'paused', before: isPaused, after: paused }];
  return { action: 'update', risk: paused ? 'changes' : 'interrupts', fields };
}
