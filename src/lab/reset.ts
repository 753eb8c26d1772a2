import { wipeDisk } from './disk.ts';
import { LabFailure } from './failure.ts';
import { exclusively, forEachHost, type Lab, rootOf } from './lab.ts';
import { isRunning, powerOff, pullPlug } from './machine.ts';
import type { Layer } from './recipe.ts';
import { ensureRoot } from './roots.ts';
import type { LabHost } from './settings.ts';
import { writeState } from './state.ts';
import { bootAndWait, layGround } from './up.ts';

/** Gives hosts pristine disks, on the given layer (default: the one they have), and boots them. */
export function resetHosts(lab: Lab, hosts: readonly LabHost[], layer?: Layer): Promise<void> {
  return exclusively(lab, async () => {
    const before = rootOf(lab);
    const root = await ensureRoot(layer ?? before.layer, lab.settings.cache, lab.say);
    if (root.lowers[0] !== before.lowers[0] && hosts.length < lab.settings.hosts.length)
      throw new LabFailure('the hosts of a lab share one root file system: reset all of them to change it');
    await forEachHost(lab, hosts, 'wiped', async (host) => {
      await pullPlug(lab.layout, lab.settings, host);
      await wipeDisk(lab.settings, host);
    });
    writeState(lab.settings, root);
    await layGround(lab);
    await bootAndWait(lab, hosts, root);
  });
}

/** Pulls the plug. */
export function killHosts(lab: Lab, hosts: readonly LabHost[]): Promise<void> {
  return exclusively(lab, async () => {
    await forEachHost(lab, hosts, 'killed', (host) => pullPlug(lab.layout, lab.settings, host));
  });
}

/** Shuts down in order. */
export function stopHosts(lab: Lab, hosts: readonly LabHost[]): Promise<void> {
  return exclusively(lab, async () => {
    await forEachHost(lab, hosts, 'powered off', (host) => powerOff(lab.layout, lab.settings, host));
  });
}

/** Boots hosts that were killed or have shut down. */
export function startHosts(lab: Lab, hosts: readonly LabHost[]): Promise<void> {
  return exclusively(lab, async () => {
    const root = rootOf(lab);
    await layGround(lab);
    const stopped = hosts.filter((host) => !isRunning(lab.layout, lab.settings, host));
    if (stopped.length === 0) lab.say('running already');
    else await bootAndWait(lab, stopped, root);
  });
}
