import { memoryOf } from './cgroup.ts';
import type { Lab } from './lab.ts';
import { isRunning } from './machine.ts';
import { hostPlaces } from './places.ts';
import { attempt } from './program.ts';
import { outerName } from './settings.ts';
import { snapshotNames } from './snapshot.ts';
import { readState } from './state.ts';

export interface HostStatus {
  readonly name: string;
  readonly address: string;
  readonly state: 'running' | 'stopped';
  /** Proportional share of all processes. */
  readonly memoryMb: number;
  /** What the host has written. */
  readonly diskMb: number;
}

export interface LabStatus {
  /** Absent before the first `up`. */
  readonly layer?: string;
  readonly cgroups: string;
  readonly hosts: readonly HostStatus[];
  readonly snapshots: readonly string[];
}

export async function statusOf(lab: Lab): Promise<LabStatus> {
  const layer = readState(lab.settings)?.root?.layer;
  return {
    ...(layer === undefined ? {} : { layer }),
    cgroups: lab.layout.sentence,
    hosts: await Promise.all(
      lab.settings.hosts.map(async (host) => ({
        name: host.name,
        address: host.address,
        state: isRunning(lab.layout, lab.settings, host) ? ('running' as const) : ('stopped' as const),
        memoryMb: Math.round(memoryOf(lab.layout, outerName(lab.settings, host)) / 1024 / 1024),
        diskMb: await diskUse(hostPlaces(lab.settings, host).upper),
      })),
    ),
    snapshots: snapshotNames(lab),
  };
}

async function diskUse(folder: string): Promise<number> {
  return Number.parseInt((await attempt('du', ['-sm', folder])).stdout, 10) || 0;
}
