import { join } from 'node:path';
import type { LabHost, LabSettings } from './settings.ts';

/** Where everything is in the lab's directory. */
export interface Places {
  readonly lock: string;
  readonly state: string;
  readonly sshKey: string;
  readonly knownHosts: string;
  readonly aptLog: string;
  readonly snapshots: string;
  readonly hosts: string;
}

export interface HostPlaces {
  readonly folder: string;
  /** Everything the host has written. */
  readonly upper: string;
  /** The overlay's own. */
  readonly work: string;
  /** Where the host's root file system is mounted. */
  readonly root: string;
  /** Process id of systemd-nspawn. */
  readonly pid: string;
  readonly console: string;
  /** What stays the same across resets: ssh host keys, machine-id. */
  readonly identity: string;
}

export function placesOf(settings: LabSettings): Places {
  return {
    lock: join(settings.dir, 'lock'),
    state: join(settings.dir, 'lab.json'),
    sshKey: join(settings.dir, 'ssh/id_ed25519'),
    knownHosts: join(settings.dir, 'ssh/known_hosts'),
    aptLog: join(settings.dir, 'apt-proxy.log'),
    snapshots: join(settings.dir, 'snapshots'),
    hosts: join(settings.dir, 'hosts'),
  };
}

export function hostPlaces(settings: LabSettings, host: LabHost): HostPlaces {
  const folder = join(settings.dir, 'hosts', host.name);
  return {
    folder,
    upper: join(folder, 'upper'),
    work: join(folder, 'work'),
    root: join(folder, 'root'),
    pid: join(folder, 'pid'),
    console: join(folder, 'console.log'),
    identity: join(settings.dir, 'identity', host.name),
  };
}
