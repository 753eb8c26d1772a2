import { type CgroupLayout, detectCgroups } from './cgroup-layout.ts';
import { LabFailure } from './failure.ts';
import { withLock } from './lock.ts';
import { placesOf } from './places.ts';
import { requireRoot } from './requirements.ts';
import type { Root } from './roots.ts';
import type { LabHost, LabSettings } from './settings.ts';
import { readState } from './state.ts';

/** A lab to work with, as every command gets it. */
export interface Lab {
  readonly settings: LabSettings;
  readonly layout: CgroupLayout;
  /** Shows progress, a line each. */
  say(line: string): void;
}

/** How long a command waits for another one on the same lab, in seconds; a build can take minutes. */
const LOCK_WAIT_S = 900;

export function openLab(settings: LabSettings, say: (line: string) => void): Lab {
  requireRoot();
  const layout = detectCgroups();
  if (layout.kind === 'none') throw new LabFailure(layout.sentence);
  return { settings, layout, say };
}

/** One command at a time changes a lab. */
export function exclusively<T>(lab: Lab, work: () => Promise<T>): Promise<T> {
  const { lock } = placesOf(lab.settings);
  return withLock(lock, LOCK_WAIT_S, work, () => lab.say('waiting for another "fanops lab" command to end'));
}

/** What the disks of the lab are made on; a failure when there never was an `up`. */
export function rootOf(lab: Lab): Root {
  const root = readState(lab.settings)?.root;
  if (root) return root;
  throw new LabFailure(`there is no lab in ${lab.settings.dir}: run "fanops lab up" first`);
}

/** Does the same for several hosts at once and says how long it took. */
export async function forEachHost<T>(
  lab: Lab,
  hosts: readonly LabHost[],
  what: string,
  work: (host: LabHost) => Promise<T>,
): Promise<T[]> {
  const begun = Date.now();
  // All come to their end before one failure is told: nothing goes on behind the lock's back.
  const settled = await Promise.allSettled(hosts.map(work));
  const results = settled.map((result) => {
    if (result.status === 'rejected') throw result.reason;
    return result.value;
  });
  lab.say(`${what}: ${hosts.map((h) => h.name).join(', ')} (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  return results;
}
