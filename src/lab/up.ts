import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { ensureAptProxy } from './apt-service.ts';
import { wipeDisk } from './disk.ts';
import { LabFailure } from './failure.ts';
import { ensureIdentities } from './identity.ts';
import { exclusively, forEachHost, type Lab } from './lab.ts';
import { boot, isRunning } from './machine.ts';
import { makeBridge, refuseClash } from './network.ts';
import { hostPlaces } from './places.ts';
import { waitUntilReady } from './readiness.ts';
import type { Layer } from './recipe.ts';
import { ensureRequirements } from './requirements.ts';
import { ensureRoot, type Root } from './roots.ts';
import { type LabHost, writeSettings } from './settings.ts';
import { readState, writeState } from './state.ts';

/** Makes everything that is missing, and boots the hosts that do not run. Disks stay as they are. */
export async function bringUp(lab: Lab, layer: Layer): Promise<void> {
  await ensureRequirements(lab.say);
  // Before anything at all is made; looked at again when the ground is laid.
  await refuseClash(lab.settings);
  return exclusively(lab, async () => {
    const root = await ensureRoot(layer, lab.settings.cache, lab.say);
    const stopped = lab.settings.hosts.filter((host) => !isRunning(lab.layout, lab.settings, host));
    await dropForeignDisks(lab, root, stopped.length < lab.settings.hosts.length);
    writeState(lab.settings, root);
    await layGround(lab);
    if (stopped.length === 0) lab.say('already up');
    else await bootAndWait(lab, stopped, root);
  });
}

/** What the hosts need around them: identities, the bridge, the proxy for apt. */
export async function layGround(lab: Lab): Promise<void> {
  await refuseClash(lab.settings);
  await ensureIdentities(lab.settings);
  await makeBridge(lab.settings);
  await ensureAptProxy(lab.layout, lab.settings);
}

export async function bootAndWait(lab: Lab, hosts: readonly LabHost[], root: Root): Promise<void> {
  const warnings = await forEachHost(lab, hosts, 'booted', async (host) => {
    await boot(lab.layout, lab.settings, host, root);
    return waitUntilReady(lab.layout, lab.settings, host);
  });
  for (const warning of warnings) if (warning !== undefined) lab.say(`warning: ${warning}`);
}

/** Disks that were made on another root file system or for other addresses are of no use any more. */
async function dropForeignDisks(lab: Lab, root: Root, anyRunning: boolean): Promise<void> {
  const before = readState(lab.settings);
  if (!before?.root) return;
  const sameRoot = isDeepStrictEqual(before.root, root);
  const sameSettings = isDeepStrictEqual(before.settings, writeSettings(lab.settings));
  if (sameRoot && sameSettings) return;
  if (anyRunning)
    throw new LabFailure(
      sameRoot
        ? `the lab in ${lab.settings.dir} runs with other settings: "fanops lab down" first`
        : `the lab in ${lab.settings.dir} runs on another root file system (${before.root.layer}): ` +
            `"fanops lab reset --${root.layer}" throws its disks away and changes over`,
    );
  const disks = lab.settings.hosts.filter((host) => existsSync(hostPlaces(lab.settings, host).upper));
  if (disks.length > 0)
    lab.say(
      `the disks of ${disks.map((h) => h.name).join(', ')} belong to another root or other settings: made anew`,
    );
  for (const host of disks) await wipeDisk(lab.settings, host);
}
