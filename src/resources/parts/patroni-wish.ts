import { isRunning, leaderOf, type PatroniView } from '../../facts/patroni-view.ts';

/** How Patroni is wanted, as one of its members sees it. */
export type PatroniWish = {
  readonly role?: 'leader' | 'replica';
  readonly members?: number;
  readonly port?: number;
};

/** Compares, and says in one line what was seen and what is wanted. */
export function patroniMet(
  wish: PatroniWish,
  view: PatroniView,
): { readonly met: boolean; readonly seen: string } {
  const { role, members: wanted } = wish;
  const leader = leaderOf(view.members);
  const running = view.members.filter((m) => isRunning(m) && m.timeline === leader?.timeline);
  const parts = [`role=${view.role}`, `state=${view.state}`];
  if (wanted !== undefined)
    parts.push(`leader=${leader?.name ?? 'none'}`, `running=${running.length} of ${wanted}`);
  const isRole = role === undefined || (role === 'leader') === (view.role === 'leader');
  const isWhole =
    wanted === undefined || (leader !== undefined && isRunning(leader) && running.length >= wanted);
  const met = isRunning(view) && isRole && isWhole;
  return { met, seen: `${parts.join(', ')}${isRole ? '' : `, want ${role}`}` };
}

export function showWish({ role, members }: PatroniWish): string {
  const also = members === undefined ? '' : `, with ${members} members on its timeline`;
  return `Patroni to be running${role === undefined ? '' : ` as ${role}`}${also}`;
}
