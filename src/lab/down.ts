import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { groupsWithPrefix, killGroup } from './cgroup.ts';
import { LabFailure } from './failure.ts';
import { exclusively, forEachHost, type Lab } from './lab.ts';
import { isRunning, powerOff, pullPlug } from './machine.ts';
import { removeBridge, removeLeftLinks } from './network.ts';
import { placesOf } from './places.ts';
import { run } from './program.ts';

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

/** Removes disks, keys, snapshots and caches; only what the lab itself has made. The lab is down. */
export async function purge(lab: Lab): Promise<void> {
  const { dir, cache } = lab.settings;
  const used = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .find((line) => line.includes(`lowerdir=${cache}/`));
  if (used)
    throw new LabFailure(
      `${cache} is in use by another lab (${used.split(' ')[4]}); bring that one down first`,
    );
  const made = [
    ...['hosts', 'identity', 'ssh', 'snapshots', 'lab.json', 'apt-proxy.log', 'lock'].map((name) =>
      join(dir, name),
    ),
    ...['roots', 'debs', 'build.lock'].map((name) => join(cache, name)),
  ];
  await run('rm', ['-rf', ...made]);
  for (const folder of [dir, cache]) await run('sh', ['-c', 'rmdir "$1" 2>/dev/null || true', 'sh', folder]);
  lab.say(`purged ${dir} and ${cache}`);
}

function mountsBelow(prefix: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .filter((point) => point.startsWith(prefix))
    .reverse();
}
