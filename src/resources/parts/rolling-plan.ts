import { blocked, type Change } from '../../core/change.ts';
import type { Json } from '../../core/value.ts';
import { isRunning, type PatroniMember } from '../../facts/patroni-view.ts';

/** In which order members are restarted; names as Patroni has them. */
export type RollingPlan = {
  readonly leader: string;
  /** One after the other. */
  readonly replicas: readonly string[];
  /** Who leads while the leader is restarted; null where the leader need not be, or leads on. */
  readonly candidate: string | null;
  readonly leaderPends: boolean;
  /** The leader is restarted as it leads, before the replicas. */
  readonly leaderFirst: boolean;
  /** All members, for the look at the end. */
  readonly all: readonly string[];
};

/** Why nothing is restarted: the cluster is not whole. `said` is whom each member takes for the leader. */
export function problemWith(
  members: readonly PatroniMember[],
  leader: PatroniMember | undefined,
  said: readonly (string | undefined)[],
): string | undefined {
  const leaders = [...new Set(said.map((name) => name ?? 'none'))];
  if (leaders.length > 1)
    return `the members do not agree on the leader (${leaders.join(', ')}): apply again in a minute`;
  if (!leader) return 'nobody leads: restart nothing before there is a leader';
  // A replica that just started shows no timeline for a while; each must stream before the next is restarted.
  const lame = members.find((m) => !isRunning(m) || (m.timeline !== null && m.timeline !== leader.timeline));
  return lame
    ? `${lame.name} is ${lame.state} on timeline ${lame.timeline ?? 'unknown'}, the leader ${leader.name} on ${leader.timeline ?? 'unknown'}: mend it first (patronictl list)`
    : undefined;
}

export function rollingChange(
  members: readonly PatroniMember[],
  leader: PatroniMember,
  pending: ReadonlySet<string>,
  { wanted, lowered }: { readonly wanted: string | undefined; readonly lowered: readonly string[] },
): Change {
  const others = members.filter((m) => m !== leader);
  const leaderPends = pending.has(leader.name);
  const leaderFirst = leaderPends && lowered.length > 0;
  const successor =
    wanted === undefined ? [...others].sort(byFitness)[0] : others.find((m) => m.name === wanted);
  if (wanted !== undefined && !successor && leaderPends)
    return blocked(`expected ${wanted} to be a replica, found ${others.map((m) => m.name).join(', ')}`);
  const plan: RollingPlan = {
    leader: leader.name,
    replicas: others.map((m) => m.name).filter((name) => pending.has(name)),
    candidate: leaderPends && !leaderFirst ? (successor?.name ?? null) : null,
    leaderPends,
    leaderFirst,
    all: members.map((m) => m.name),
  };
  return {
    action: 'run',
    risk: 'interrupts',
    fields: plan.candidate === null ? [] : [{ field: 'leader', before: leader.name, after: plan.candidate }],
    reason: reasonOf(plan, lowered),
    note: plan as unknown as Json,
  };
}

/** A synchronous standby first, then whoever is least behind. */
function byFitness(a: PatroniMember, b: PatroniMember): number {
  const rank = (m: PatroniMember) => (m.role === 'sync_standby' ? 0 : 1);
  const lag = (m: PatroniMember) => m.lag ?? Number.MAX_SAFE_INTEGER;
  return rank(a) - rank(b) || lag(a) - lag(b) || (a.name < b.name ? -1 : 1);
}

function reasonOf(plan: RollingPlan, lowered: readonly string[]): string {
  const { leader, replicas, candidate, leaderPends, leaderFirst } = plan;
  const restarts = replicas.map((name) => `restarts ${name}`);
  if (leaderFirst)
    return [
      `restarts ${leader} as it leads (${lowered.join(', ')} lowered: standbys cannot go first)`,
      ...restarts,
    ].join(', then ');
  if (candidate !== null)
    return [...restarts, `hands over to ${candidate}`, `restarts ${leader}`].join(', then ');
  return [...restarts, ...(leaderPends ? [`restarts ${leader}, which leads alone`] : [])].join(', then ');
}
