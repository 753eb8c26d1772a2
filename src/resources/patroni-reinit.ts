import { blocked, type Change } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines } from '../core/shell.ts';
import { patroniFact } from '../facts/patroni.ts';
import { leaderOf } from '../facts/patroni-view.ts';
import { type CommandOutput, OUTPUT_RESULT, outputOf } from './command.ts';
import { milliseconds } from './parts/duration.ts';
import {
  PATRONICTL,
  type PatronictlArgs,
  patronictl,
  patroniName,
  untilMembers,
} from './parts/patronictl.ts';
import { duration, object } from './parts/schema.ts';

export interface PatroniReinitArgs extends PatronictlArgs {
  readonly member: string;
}

/** A clone may be large. */
const CLONING = '2h';
/** Until its Patroni says in the cluster's view that it runs. */
const SETTLING_SECONDS = 120;

export const patroniReinit: Resource<PatroniReinitArgs, CommandOutput> = {
  name: 'patroni_reinit',
  kind: 'action',
  scope: 'host',
  summary:
    "Removes a replica's data and clones it anew from the cluster, and makes sure that it runs. Any member's host can ask for it.",
  examples: [
    {
      title: 'A replica that cannot follow any more',
      yaml: `- name: Clone db3 anew from the leader
  patroni_reinit: { cluster: fanatico-l1-cluster, member: db3 }
`,
    },
  ],
  schema: object(
    {
      member: patroniName('The replica that is to be cloned, as Patroni calls it.'),
      ...PATRONICTL,
      timeout: duration('How long cloning may take; 2h when absent.'),
    },
    ['cluster', 'member'],
  ),
  result: OUTPUT_RESULT,
  identity: ['port'],
  address: ({ member }) => `patroni_reinit ${member}`,
  needs: ({ port }) => [patroniFact(port)],
  diff,
  commands: (args) => {
    const { cluster, member } = args;
    const words = ['reinit', '--force', '--wait', cluster, member];
    const script = lines(
      patronictl(args, words, `Success: reinitialize for member ${member}`),
      untilMembers(args, [{ member, role: 'any' }], SETTLING_SECONDS),
    );
    return [
      {
        kind: 'shell',
        script: script.text,
        display: `patronictl ${words.join(' ')}`,
        timeoutMs: milliseconds(args.timeout ?? CLONING) + SETTLING_SECONDS * 1000,
      },
    ];
  },
  touches: () => [{ on: 'anything' }, { on: 'cluster', name: 'patroni' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff({ port, member }: PatroniReinitArgs, facts: FactView): Change {
  const looked = facts.get(patroniFact(port));
  if (looked.state === 'unreadable') return blocked(looked.reason);
  if (looked.state === 'absent') return blocked(`no Patroni answers on ${facts.host}`);
  const { members } = looked.value;
  const leader = leaderOf(members);
  // patronictl would say 503 and exit with 0.
  if (!leader) return blocked('nobody leads: there is nothing to clone from');
  if (leader.name === member) return blocked(`${member} leads: its data is what the others are cloned from`);
  const names = members.map(({ name }) => name).join(', ');
  if (!members.some(({ name }) => name === member))
    return blocked(`expected ${member} to be a member, found ${names}: start its Patroni first`);
  return {
    action: 'run',
    risk: 'destroys',
    fields: [],
    reason: `removes the data of ${member} and clones it from ${leader.name}`,
  };
}
