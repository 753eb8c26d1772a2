import { blocked, type Change, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { patroniFact } from '../facts/patroni.ts';
import { patroniConfigFact } from '../facts/patroni-config.ts';
import { leaderOf } from '../facts/patroni-view.ts';
import { postgresFact } from '../facts/postgres.ts';
import { milliseconds } from './parts/duration.ts';
import { loweredParameters } from './parts/lowered.ts';
import { PATRONICTL, type PatronictlArgs, patroniName } from './parts/patronictl.ts';
import {
  handOver,
  type RollingArgs,
  restartLeader,
  restartOldLeader,
  restartReplica,
  untilNothingPends,
} from './parts/rolling.ts';
import { problemWith, type RollingPlan, rollingChange } from './parts/rolling-plan.ts';
import { object, portNumber, text } from './parts/schema.ts';

export interface RollingRestartArgs extends PatronictlArgs {
  readonly members: string;
  readonly candidate?: string;
  readonly postgresql_port?: number;
}

type Result = {
  readonly restarted: readonly string[];
  readonly leader_before: string;
  readonly leader: string;
  readonly switchover_ms: number | null;
};

export const patroniRollingRestart: Resource<RollingRestartArgs, Result> = {
  name: 'patroni_rolling_restart',
  kind: 'action',
  scope: 'cluster',
  summary:
    'Restarts the members that wait for it: replicas one at a time, then a switchover, then the leader that was.',
  examples: [
    {
      title: 'All members, the replicas first',
      yaml: `- name: Restart one after another
  patroni_rolling_restart: { cluster: fanatico-l1-cluster, members: db }
`,
    },
  ],
  schema: object(
    {
      members: text('The inventory group whose hosts run the members.'),
      candidate: patroniName('The member that leads afterwards; chosen by its role and lag when absent.'),
      postgresql_port: portNumber('Of PostgreSQL.', 5432),
      ...PATRONICTL,
    },
    ['members', 'cluster'],
  ),
  result: object(
    {
      restarted: { type: 'array', items: { type: 'string' }, description: 'Members, in their order.' },
      leader_before: text('Who led before.'),
      leader: text('Who leads now.'),
      switchover_ms: {
        type: ['integer', 'null'],
        description:
          'How long the switchover took until both ran in their roles; null without one. Milliseconds.',
      },
    },
    ['restarted', 'leader_before', 'leader', 'switchover_ms'],
  ),
  identity: ['members', 'port', 'postgresql_port'],
  membersFrom: 'members',
  address: ({ members }) => `patroni_rolling_restart ${members}`,
  needs: ({ port, postgresql_port }) => [
    patroniFact(port),
    patroniConfigFact(port),
    postgresFact(postgresql_port),
  ],
  diff,
  commands: (args, change, facts) =>
    commandsFor({ ...args, urls: urlsOf(args, facts) }, change.note as RollingPlan),
  touches: () => [{ on: 'cluster', name: 'patroni' }],
  registered(args, change, outputs, facts) {
    const plan = change.note as RollingPlan | undefined;
    if (!plan) {
      const leader = leaderNow(args, facts);
      return { restarted: [], leader_before: leader, leader, switchover_ms: null };
    }
    const { leader, replicas, candidate, leaderPends, leaderFirst } = plan;
    const own = leaderPends ? [leader] : [];
    return {
      restarted: leaderFirst ? [...own, ...replicas] : [...replicas, ...own],
      leader_before: leader,
      leader: candidate ?? leader,
      switchover_ms: candidate === null ? null : (outputs[replicas.length]?.durationMs ?? null),
    };
  },
};

function diff({ port, candidate, postgresql_port }: RollingRestartArgs, facts: FactView): Change {
  const asked = facts.members.map((member) => ({ member, looked: facts.get(patroniFact(port), member) }));
  const views = asked.flatMap(({ looked }) => (looked.state === 'value' ? [looked.value] : []));
  for (const { member, looked } of asked)
    if (looked.state === 'unreadable')
      return blocked(`every member must be seen before one is restarted: ${reasonOn(member, looked.reason)}`);
  const [view] = views;
  if (!view) return blocked('no Patroni answers: start it first');
  const pending = new Set(views.flatMap((v) => v.members.filter((m) => m.pendingRestart).map((m) => m.name)));
  if (pending.size === 0) return NONE;
  const silent = asked.find(({ looked }) => looked.state === 'absent');
  if (silent)
    return blocked(
      `no Patroni answers on ${silent.member}: with a member down, none of the others is restarted; start it first`,
    );
  const { members } = view;
  const leader = leaderOf(members);
  const said = views.map((v) => leaderOf(v.members)?.name);
  const problem = problemWith(members, leader, said);
  if (problem || !leader) return blocked(problem ?? 'nobody leads');
  const lowered = loweredParameters(port, postgresql_port, facts);
  return rollingChange(members, leader, pending, { wanted: candidate, lowered });
}

function reasonOn(member: string, reason: string): string {
  return reason.startsWith(member) ? reason : `${member}: ${reason}`;
}

function commandsFor(args: RollingRestartArgs & RollingArgs, plan: RollingPlan): Command[] {
  const { leader, candidate, leaderPends, leaderFirst } = plan;
  const limitMs = milliseconds(args.timeout ?? '2m');
  const seconds = Math.ceil(limitMs / 1000);
  const timeoutMs = 2 * limitMs + 600_000;
  const shell = (script: { readonly text: string }, display: string): Command => ({
    kind: 'shell',
    script: script.text,
    display,
    timeoutMs,
  });
  const replicas = plan.replicas.map((name) =>
    shell(restartReplica(args, name, seconds), `restart the replica ${name} of ${args.cluster}`),
  );
  const end = shell(untilNothingPends(args, plan.all, seconds), 'see that no restart is pending');
  if (!leaderPends) return [...replicas, end];
  if (leaderFirst || candidate === null) {
    const inPlace = shell(restartLeader(args, leader, seconds), `restart ${leader}, which leads`);
    return leaderFirst ? [inPlace, ...replicas, end] : [...replicas, inPlace, end];
  }
  return [
    ...replicas,
    shell(handOver(args, leader, candidate, seconds), `switch over from ${leader} to ${candidate}`),
    shell(restartOldLeader(args, leader, seconds), `restart ${leader} where it still has to be`),
    end,
  ];
}

function leaderNow({ port }: RollingRestartArgs, facts: FactView): string {
  const names = facts.members.flatMap((member) => {
    const looked = facts.get(patroniFact(port), member);
    const leader = looked.state === 'value' ? leaderOf(looked.value.members) : undefined;
    return leader ? [leader.name] : [];
  });
  return names[0] ?? '';
}

function urlsOf({ port }: RollingRestartArgs, facts: FactView): readonly string[] {
  const looked = facts.members.map((member) => facts.get(patroniConfigFact(port), member));
  return looked.flatMap((one) => (one.state === 'value' ? [one.value.urls] : []))[0] ?? [];
}
