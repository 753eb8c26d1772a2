import type { FactView } from '../../core/fact.ts';
import { packageVersionsFact } from '../../facts/package-versions.ts';
import { compareVersions } from './debian-version.ts';

/** What becomes of a package. */
export type Step = 'install' | 'upgrade' | 'downgrade';

/** Of each step. */
export const RISK = { install: 'changes', upgrade: 'restarts', downgrade: 'interrupts' } as const;

export const CONSEQUENCE: { readonly [step in Step]: { readonly reason?: string } } = {
  install: {},
  upgrade: { reason: 'an upgrade: Debian restarts what runs from it' },
  downgrade: {
    reason:
      'a downgrade: what the newer version has written (data, settings) may not be readable by the older one',
  },
};

export function stepBetween(before: string, after: string): Step {
  return compareVersions(after, before) < 0 ? 'downgrade' : 'upgrade';
}

export function fits(version: string, wanted: string): boolean {
  return wanted.endsWith('*') ? version.startsWith(wanted.slice(0, -1)) : version === wanted;
}

/** The newest one that fits; what is not there is not guessed at, except where the lists are still to be fetched. */
export function versionOf(
  name: string,
  wanted: string,
  update: boolean,
  facts: FactView,
): { readonly version: string } | { readonly problem: string } {
  const looked = facts.get(packageVersionsFact(name));
  if (looked.state !== 'value')
    return { problem: looked.state === 'unreadable' ? looked.reason : `nothing is known of package ${name}` };
  const { available } = looked.value;
  const [newest] = available
    .filter((one) => fits(one, wanted))
    .sort(compareVersions)
    .reverse();
  if (newest !== undefined) return { version: newest };
  if (available.length > 0)
    return {
      problem: `package ${name} is not to be had in version ${wanted}; there are: ${available.join(', ')} (apt-get update fetches newer lists)`,
    };
  if (update) return { version: wanted };
  return {
    problem: `apt knows no version of package ${name}: fetch its lists (update: true), add the repository that has it, or correct the name`,
  };
}
