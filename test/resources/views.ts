import { type FactRequest, type FactView, factKey, type Looked } from '../../src/core/fact.ts';

/** Facts given by hand: of several members, by fact key. What is not given throws. */
export function viewOfMembers(members: {
  readonly [member: string]: ReadonlyMap<string, Looked<unknown>>;
}): FactView {
  const names = Object.keys(members);
  const host = names[0] ?? '';
  return {
    host,
    members: names,
    get<V>(request: FactRequest<V>, member: string = host): Looked<V> {
      const looked = members[member]?.get(factKey(request));
      if (!looked) throw new Error(`nobody looked at ${factKey(request)} on ${member}`);
      return looked as Looked<V>;
    },
  };
}

export function facts(
  ...pairs: readonly (readonly [FactRequest, Looked<unknown>])[]
): Map<string, Looked<unknown>> {
  return new Map(pairs.map(([request, looked]) => [factKey(request), looked]));
}

export function value<V>(of: V): Looked<V> {
  return { state: 'value', value: of };
}

export const ABSENT: Looked<never> = { state: 'absent' };

export function unreadable(reason: string): Looked<never> {
  return { state: 'unreadable', reason };
}
