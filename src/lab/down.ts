import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { groupsWithPrefix, killGroup } from './cgroup.ts';
import { exclusively, forEachHost, type Lab } from './lab.ts';
import { isRunning, powerOff, pullPlug } from './machine.ts';
import { removeBridge, removeLeftLinks } from './network.ts';
import { placesOf } from './places.ts';
import { attempt, run } from './program.ts';

/** Stops everything of the lab, whatever state it is in. Disks, keys, snapshots and caches stay. */
export function bringDown(lab: Lab): Promise<void> {
  return exclusively(lab, async () => {
    const running = lab.settings.hosts.filter((host) => isRunning(lab.layout, lab.settings, host));
    if (running.length > 0)
      await forEachHost(lab, running, 'powered off', (host) => powerOff(lab.layout, lab.settings, host));
    await Promise.all(lab.settings.hosts.map((host) => pullPlug(lab.layout, lab.settings, host)));
    // Whatever an up that failed, or one with other hosts, has left.
    const prefix = `${lab.settings.bridge}-`;
    await Promise.all(groupsWithPrefix(lab.layout, prefix).map((name) => killGroup(lab.layout, name)));
    await removeLeftLinks(lab.settings);
    for (const point of mountsBelow(`${placesOf(lab.settings).hosts}/`)) await run('umount', [point]);
    await removeBridge(lab.settings);
    rmSync(`${placesOf(lab.settings).aptLog}.pid`, { force: true });
    lab.say('down: nothing of the lab runs, is mounted or listens');
  });
}

/** Removes disks, keys and snapshots, and the cache unless another lab uses it; only what the lab has made. */
export async function purge(lab: Lab): Promise<void> {
  const { dir, cache } = lab.settings;
  const state = ['hosts', 'identity', 'ssh', 'snapshots', 'lab.json', 'apt-proxy.log', 'lock'];
  await removeMade(dir, state);
  lab.say(`purged ${dir}`);
  const user = mounts().find((mount) => mount.includes(`lowerdir=${cache}/`));
  if (user !== undefined) {
    lab.say(`kept ${cache}: another lab uses it (${user.split(' ')[4]})`);
    return;
  }
  await removeMade(cache, ['roots', 'debs', 'build.lock']);
  lab.say(`purged ${cache}`);
}

/** The folder itself goes only when nothing else is in it. */
async function removeMade(folder: string, names: readonly string[]): Promise<void> {
  await run('rm', ['-rf', '--one-file-system', ...names.map((name) => join(folder, name))]);
  await attempt('rmdir', [folder]);
}

function mountsBelow(prefix: string): string[] {
  return mounts()
    .map((mount) => mount.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(prefix))
    .reverse();
}

function mounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8').split('\n');
}
