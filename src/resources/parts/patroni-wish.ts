import { isRunning, leaderOf, type PatroniView } from '../../facts/patroni-view.ts';

/** How Patroni is wanted, as one of its members sees it. */
export type PatroniWish = {
  readonly role?: 'leader' | 'replica';
  readonly members?: number;
  readonly port?: number;
};

/**
 * Compares, and says in one line what was seen and what is wanted. Running means: this member runs, one leads,
 * and no running member is (yet) on another timeline than the leader's.
 */
export function patroniMet(
  wish: PatroniWish,
  view: PatroniView,
): { readonly met: boolean; readonly seen: string } {
  const { role, members: wanted } = wish;
  const leader = leaderOf(view.members);
  const running = view.members.filter((m) => isRunning(m) && m.timeline === leader?.timeline);
  const astray = view.members.filter((m) => isRunning(m) && !running.includes(m));
  const parts = [`role=${view.role}`, `state=${view.state}`, `leader=${leader?.name ?? 'none'}`];
  if (wanted !== undefined) parts.push(`running=${running.length} of ${wanted}`);
  if (leader && astray.length > 0) parts.push(`not on its timeline: ${astray.map((m) => m.name).join(' ')}`);
  const isRole = role === undefined || (role === 'leader') === (view.role === 'leader');
  const isLed = leader !== undefined && isRunning(leader) && astray.length === 0;
  const met = isRunning(view) && isRole && isLed && running.length >= (wanted ?? 1);
  return { met, seen: `${parts.join(', ')}${isRole ? '' : `, want ${role}`}` };
}

export function showWish({ role, members }: PatroniWish): string {
  const also = members === undefined ? '' : `, with ${members} members on its timeline`;
  return `Patroni to be running${role === undefined ? '' : ` as ${role}`}${also}`;
}
