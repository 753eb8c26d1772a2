import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { HOST_KEY_TYPES } from './identity.ts';
import { hostPlaces, placesOf } from './places.ts';
import { attempt, run } from './program.ts';
import type { Root } from './roots.ts';
import type { LabHost, LabSettings } from './settings.ts';

/**
 * Mounts the host's root file system: its own layer over the shared one.
 * index=off: an upper layer may be a copy (a restored snapshot). redirect_dir: directories can be renamed as on a disk.
 */
export async function mountDisk(settings: LabSettings, host: LabHost, root: Root): Promise<void> {
  const { upper, work, root: mountPoint } = hostPlaces(settings, host);
  if (isMounted(mountPoint)) return;
  const fresh = !existsSync(upper);
  for (const folder of [upper, work, mountPoint]) mkdirSync(folder, { recursive: true });
  const options = [
    `lowerdir=${root.lowers.join(':')}`,
    `upperdir=${upper}`,
    `workdir=${work}`,
    'index=off',
    'metacopy=off',
    'redirect_dir=on',
  ];
  await run('mount', ['-t', 'overlay', 'overlay', '-o', options.join(','), mountPoint]);
  if (fresh) personalise(settings, host);
}

/** Unmounts the host's root file system; nothing when it is not mounted. */
export async function unmountDisk(settings: LabSettings, host: LabHost): Promise<void> {
  const { root } = hostPlaces(settings, host);
  // What was killed a moment ago may hold it a little longer.
  for (let tries = 0; isMounted(root); tries++) {
    if (tries < 50) await attempt('umount', [root]);
    else await run('umount', [root]);
    if (isMounted(root)) await sleep(50);
  }
}

/** Throws away all that the host has written. It must not be running. */
export async function wipeDisk(settings: LabSettings, host: LabHost): Promise<void> {
  const { upper, work } = hostPlaces(settings, host);
  await unmountDisk(settings, host);
  rmSync(work, { recursive: true, force: true });
  // Renamed first: an interrupted removal must not leave half a disk under its name.
  if (existsSync(upper)) renameSync(upper, `${upper}.gone`);
  await run('rm', ['-rf', `${upper}.gone`]);
}

export function isMounted(path: string): boolean {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .some((line) => line.split(' ')[4] === path);
}

/** Gives a pristine disk its name, keys, neighbours and proxy. */
function personalise(settings: LabSettings, host: LabHost): void {
  const { root, identity } = hostPlaces(settings, host);
  const put = (path: string, text: string) => {
    writeFileSync(join(root, path), text);
    chmodSync(join(root, path), 0o644);
  };
  put('etc/hostname', `${host.name}\n`);
  put('etc/hosts', hostsFile(settings));
  put('etc/resolv.conf', '# no resolver in the lab: hosts know each other by /etc/hosts\n');
  put(
    'etc/apt/apt.conf.d/00lab-proxy',
    `Acquire::http::Proxy "http://${settings.gateway}:${settings.aptPort}";\n`,
  );
  copyFileSync(join(identity, 'machine-id'), join(root, 'etc/machine-id'));
  chmodSync(join(root, 'etc/machine-id'), 0o444);
  for (const type of HOST_KEY_TYPES) {
    const name = `ssh_host_${type}_key`;
    copyFileSync(join(identity, name), join(root, 'etc/ssh', name));
    chmodSync(join(root, 'etc/ssh', name), 0o600);
    copyFileSync(join(identity, `${name}.pub`), join(root, 'etc/ssh', `${name}.pub`));
  }
  mkdirSync(join(root, 'root/.ssh'), { recursive: true, mode: 0o700 });
  copyFileSync(`${placesOf(settings).sshKey}.pub`, join(root, 'root/.ssh/authorized_keys'));
  chmodSync(join(root, 'root/.ssh/authorized_keys'), 0o600);
}

function hostsFile(settings: LabSettings): string {
  return [
    '127.0.0.1 localhost',
    '::1 localhost ip6-localhost ip6-loopback',
    ...settings.hosts.map((host) => `${host.address} ${host.name}`),
    '',
  ].join('\n');
}
