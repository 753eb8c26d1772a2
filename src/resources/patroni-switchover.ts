import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines } from '../core/shell.ts';
import { patroniFact } from '../facts/patroni.ts';
import { isRunning, leaderOf } from '../facts/patroni-view.ts';
import { type CommandOutput, OUTPUT_RESULT, outputOf } from './command.ts';
import { milliseconds } from './parts/duration.ts';
import {
  PATRONICTL,
  type PatronictlArgs,
  patronictl,
  patroniName,
  untilMembers,
} from './parts/patronictl.ts';
import { object } from './parts/schema.ts';

export interface PatroniSwitchoverArgs extends PatronictlArgs {
  readonly candidate: string;
  readonly leader?: string;
}

export const patroniSwitchover: Resource<PatroniSwitchoverArgs, CommandOutput> = {
  name: 'patroni_switchover',
  kind: 'action',
  scope: 'host',
  summary: 'Hands leadership over to a running replica, and makes sure that both run in their new roles.',
  examples: [
    {
      title: 'Another leader, before work on the old one',
      yaml: `- name: db2 leads
  patroni_switchover: { cluster: fanatico-l1-cluster, candidate: db2 }
`,
    },
  ],
  schema: object(
    {
      candidate: patroniName('The member that is to lead.'),
      leader: patroniName('The member that must be leading now; whoever leads when absent.'),
      ...PATRONICTL,
    },
    ['cluster', 'candidate'],
  ),
  result: OUTPUT_RESULT,
  identity: ['port'],
  address: ({ cluster }) => `patroni_switchover ${cluster}`,
  needs: ({ port }) => [patroniFact(port)],
  diff,
  commands: (args, change) => {
    const { cluster, candidate } = args;
    const leader = String(change.note);
    const timeoutMs = milliseconds(args.timeout ?? '2m');
    const words = ['switchover', '--leader', leader, '--candidate', candidate, '--force', cluster];
    const wanted = [
      { member: candidate, role: 'leader' },
      { member: leader, role: 'any' },
    ] as const;
    const script = lines(
      patronictl(args, words, `Successfully switched over to "${candidate}"`),
      untilMembers(args, wanted, Math.ceil(timeoutMs / 1000)),
    );
    const display = `patronictl ${words.join(' ')}`;
    return [{ kind: 'shell', script: script.text, display, timeoutMs: 2 * timeoutMs + 120_000 }];
  },
  touches: () => [{ on: 'anything' }, { on: 'cluster', name: 'patroni' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff({ port, candidate, leader }: PatroniSwitchoverArgs, facts: FactView): Change {
  const looked = facts.get(patroniFact(port));
  if (looked.state === 'unreadable') return blocked(looked.reason);
  if (looked.state === 'absent') return blocked(`no Patroni answers on ${facts.host}`);
  const { members } = looked.value;
  const leading = leaderOf(members);
  if (!leading) return blocked('nobody leads: there is nothing to hand over');
  if (leading.name === candidate) return NONE;
  if (leader !== undefined && leader !== leading.name)
    return blocked(`expected ${leader} to lead, found ${leading.name}`);
  const chosen = members.find((m) => m.name === candidate);
  if (!chosen)
    return blocked(`expected ${candidate} to be a member, found ${members.map((m) => m.name).join(', ')}`);
  if (!isRunning(chosen)) return blocked(`expected ${candidate} to run, found it ${chosen.state}`);
  const fields = [{ field: 'leader', before: leading.name, after: candidate }];
  return { action: 'run', risk: 'interrupts', fields, note: leading.name };
}
