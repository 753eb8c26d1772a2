import type { FactView } from '../../core/fact.ts';
import { type PostgresSetting, postgresFact, type SettingContext } from '../../facts/postgres.ts';

/** PostgreSQL's own list of its settings, by name in lower case; or why it could not be had. */
export type Known =
  | { readonly state: 'value'; readonly settings: ReadonlyMap<string, PostgresSetting> }
  | { readonly state: 'unknown'; readonly reason: string };

/** From the first member that answers, the leader before others: which settings there are is the same on all. */
export function settingsSeen(port: number | undefined, facts: FactView): Known {
  const looked = facts.members.map((member) => ({ member, seen: facts.get(postgresFact(port), member) }));
  const answers = looked.flatMap(({ seen }) => (seen.state === 'value' ? [seen.value] : []));
  const answer = answers.find((one) => !one.inRecovery) ?? answers[0];
  if (answer)
    return {
      state: 'value',
      settings: new Map(
        Object.entries(answer.settings).map(([name, setting]) => [name.toLowerCase(), setting]),
      ),
    };
  const reasons = looked.map(({ member, seen }) => {
    const reason = seen.state === 'unreadable' ? seen.reason : 'no PostgreSQL listens there';
    return reason.startsWith(member) ? reason : `${member}: ${reason}`;
  });
  return { state: 'unknown', reason: reasons.join('; ') };
}

/** Why parameters cannot be set: a misspelt name, or one that is fixed. */
export function parameterProblem(
  parameters: readonly { readonly name: string; readonly isRemoved: boolean }[],
  known: Known,
): string | undefined {
  if (known.state !== 'value') return undefined;
  for (const { name, isRemoved } of parameters) {
    const setting = known.settings.get(name.toLowerCase());
    // Names with a dot belong to extensions, and any is taken.
    if (!setting && !name.includes('.') && !isRemoved)
      return `PostgreSQL knows no parameter ${name}: correct its name, or write it with its extension (EXTENSION.NAME)`;
    if (setting?.context === 'internal')
      return `${name} is fixed (its value is ${setting.value}): leave it out`;
  }
  return undefined;
}

/** When a changed parameter takes effect, by its context; what is not named: with a reload. */
const WHEN: { readonly [context in SettingContext]?: string } = {
  postmaster: 'a restart of PostgreSQL',
  'superuser-backend': 'a reload, for new connections',
  backend: 'a reload, for new connections',
};

/** Which parameters take effect with a restart, and when each does; all may need one where nobody can be asked. */
export function consequencesOf(
  names: readonly string[],
  known: Known,
): { readonly restart: readonly string[]; readonly reason?: string } {
  if (names.length === 0) return { restart: [] };
  if (known.state !== 'value')
    return {
      restart: names,
      reason: `PostgreSQL could not be asked which of these need a restart, so all may (${known.reason})`,
    };
  const context = (name: string) => known.settings.get(name.toLowerCase())?.context ?? 'sighup';
  const groups = Map.groupBy(names, (name) => WHEN[context(name)] ?? 'a reload');
  const order = ['a restart of PostgreSQL', 'a reload', 'a reload, for new connections'];
  const parts = order.flatMap((when) => {
    const own = groups.get(when);
    return own ? [`with ${when}: ${own.join(', ')}`] : [];
  });
  return {
    restart: names.filter((name) => context(name) === 'postmaster'),
    reason: `takes effect ${parts.join('; ')}`,
  };
}
