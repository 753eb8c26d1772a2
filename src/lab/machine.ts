import { existsSync, readFileSync, rmSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPopulated, killGroup, processesOf, removeGroup } from './cgroup.ts';
import type { CgroupLayout } from './cgroup-layout.ts';
import { startDetached } from './detached.ts';
import { isMounted, mountDisk, unmountDisk } from './disk.ts';
import { cutCable, plugIn, unplug } from './network.ts';
import { hostPlaces } from './places.ts';
import type { Root } from './roots.ts';
import { type LabHost, type LabSettings, outerName } from './settings.ts';

/** A console log longer than this is begun anew at the next start. */
const CONSOLE_LIMIT = 1024 * 1024;
/** A host that has not shut down by then has its plug pulled. */
const POWER_OFF_MS = 30_000;

export function isRunning(layout: CgroupLayout, settings: LabSettings, host: LabHost): boolean {
  return isPopulated(layout, outerName(settings, host));
}

/** Begins to boot a host that is not running; does not wait for it. */
export async function boot(
  layout: CgroupLayout,
  settings: LabSettings,
  host: LabHost,
  root: Root,
): Promise<void> {
  const places = hostPlaces(settings, host);
  const name = outerName(settings, host);
  await removeGroup(layout, name);
  rmSync(places.pid, { force: true });
  await mountDisk(settings, host, root);
  await plugIn(settings, host);
  if (existsSync(places.console) && statSync(places.console).size > CONSOLE_LIMIT)
    truncateSync(places.console);
  startDetached(
    layout,
    name,
    [
      'systemd-nspawn',
      '--quiet',
      '--boot',
      `--directory=${places.root}`,
      `--machine=${name}`,
      `--hostname=${host.name}`,
      '--register=no',
      '--keep-unit',
      `--network-namespace-path=/run/netns/${name}`,
      // Dropped by the namespace path, and wanted for addresses, routes and firewalls inside.
      '--capability=CAP_NET_ADMIN',
      '--resolv-conf=off',
      '--timezone=off',
      '--link-journal=no',
      '--console=read-only',
    ],
    { pid: places.pid, log: places.console },
  );
}

/** Shuts a host down as its power button would; pulls the plug when it does not end in time. */
export async function powerOff(layout: CgroupLayout, settings: LabSettings, host: LabHost): Promise<void> {
  const name = outerName(settings, host);
  const pid = nspawnPid(layout, settings, host);
  const end = Date.now() + POWER_OFF_MS;
  if (pid !== undefined) process.kill(pid, 'SIGTERM');
  while (pid !== undefined && Date.now() < end && isPopulated(layout, name)) await sleep(50);
  await pullPlug(layout, settings, host);
}

/** Every process of the host ends at once, without a word to anyone; its disk stays as it is at that moment. */
export async function pullPlug(layout: CgroupLayout, settings: LabSettings, host: LabHost): Promise<void> {
  const places = hostPlaces(settings, host);
  // The cable first: the kernel would close a killed program's connections politely.
  await cutCable(settings, host);
  await killGroup(layout, outerName(settings, host));
  await unplug(settings, host);
  if (isMounted(places.root)) await unmountDisk(settings, host);
  removeRests(settings, host);
}

/** systemd-nspawn of a host that runs; undefined when the file is stale. */
function nspawnPid(layout: CgroupLayout, settings: LabSettings, host: LabHost): number | undefined {
  const { pid } = hostPlaces(settings, host);
  if (!existsSync(pid)) return undefined;
  const found = Number(readFileSync(pid, 'utf8'));
  return processesOf(layout, outerName(settings, host)).includes(found) ? found : undefined;
}

/** What a killed systemd-nspawn cannot clear away itself. */
function removeRests(settings: LabSettings, host: LabHost): void {
  const { pid, folder } = hostPlaces(settings, host);
  rmSync(pid, { force: true });
  rmSync(`${folder}/.#root.lck`, { force: true });
  rmSync(`/run/systemd/nspawn/propagate/${outerName(settings, host)}`, { recursive: true, force: true });
}
