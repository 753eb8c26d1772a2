import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { mistake } from '../core/diagnostic.ts';
import { freezeGroup } from './cgroup.ts';
import { wipeDisk } from './disk.ts';
import { LabFailure } from './failure.ts';
import { exclusively, forEachHost, type Lab, rootOf } from './lab.ts';
import { isRunning, pullPlug } from './machine.ts';
import { hostPlaces, placesOf } from './places.ts';
import { run } from './program.ts';
import type { Root } from './roots.ts';
import { outerName, writeSettings } from './settings.ts';
import { writeState } from './state.ts';
import { bootAndWait, layGround } from './up.ts';

interface SnapshotMeta {
  readonly root: Root;
  readonly hosts: string;
  readonly network: string;
}

/**
 * Keeps the disks of all hosts as they are at one moment. Running hosts are frozen meanwhile and go on
 * afterwards: what is kept is what a power cut of all of them at that moment would leave.
 */
export function takeSnapshot(lab: Lab, name: string): Promise<void> {
  return exclusively(lab, async () => {
    const root = rootOf(lab);
    const folder = snapshotFolder(lab, name);
    const beside = `${folder}.part`;
    await run('rm', ['-rf', beside]);
    mkdirSync(beside, { recursive: true });
    await frozen(lab, async () => {
      await forEachHost(lab, lab.settings.hosts, 'kept', (host) =>
        copyTree(hostPlaces(lab.settings, host).upper, join(beside, host.name)),
      );
    });
    writeFileSync(join(beside, 'snapshot.json'), `${JSON.stringify(metaOf(lab, root), null, 2)}\n`);
    await run('rm', ['-rf', folder]);
    renameSync(beside, folder);
    lab.say(`snapshot ${name} taken`);
  });
}

/** Puts the disks of a snapshot back and boots all hosts from them. */
export function restoreSnapshot(lab: Lab, name: string): Promise<void> {
  return exclusively(lab, async () => {
    const folder = snapshotFolder(lab, name);
    const { root } = readMeta(lab, name, folder);
    await forEachHost(lab, lab.settings.hosts, 'put back', async (host) => {
      await pullPlug(lab.layout, lab.settings, host);
      await wipeDisk(lab.settings, host);
      const { upper } = hostPlaces(lab.settings, host);
      await copyTree(join(folder, host.name), `${upper}.part`);
      renameSync(`${upper}.part`, upper);
    });
    writeState(lab.settings, root);
    await layGround(lab);
    await bootAndWait(lab, lab.settings.hosts, root);
  });
}

export function snapshotNames(lab: Lab): string[] {
  const { snapshots } = placesOf(lab.settings);
  if (!existsSync(snapshots)) return [];
  return readdirSync(snapshots)
    .filter((name) => !name.endsWith('.part'))
    .sort();
}

function snapshotFolder(lab: Lab, name: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]*$/.test(name))
    throw mistake(`expected a snapshot's name of letters, digits, "-" and "_", found "${name}"`);
  return join(placesOf(lab.settings).snapshots, name);
}

function metaOf(lab: Lab, root: Root): SnapshotMeta {
  const { hosts, network } = writeSettings(lab.settings);
  return { root, hosts, network };
}

function readMeta(lab: Lab, name: string, folder: string): SnapshotMeta {
  if (!existsSync(join(folder, 'snapshot.json')))
    throw new LabFailure(
      `there is no snapshot "${name}"; there are: ${snapshotNames(lab).join(', ') || 'none'}`,
    );
  const meta = JSON.parse(readFileSync(join(folder, 'snapshot.json'), 'utf8')) as SnapshotMeta;
  if (!isDeepStrictEqual(meta, metaOf(lab, meta.root)))
    throw new LabFailure(
      `snapshot "${name}" is of hosts ${meta.hosts} in ${meta.network}, not of this lab's`,
    );
  const gone = meta.root.lowers.filter((lower) => !existsSync(lower));
  if (gone.length > 0)
    throw new LabFailure(`snapshot "${name}" lies on ${gone.join(', ')}, which is no longer in the cache`);
  return meta;
}

/** Does the work while no process of any host runs; they go on whatever happens. */
async function frozen(lab: Lab, work: () => Promise<void>): Promise<void> {
  const { layout, settings } = lab;
  const names = settings.hosts
    .filter((h) => isRunning(layout, settings, h))
    .map((h) => outerName(settings, h));
  const ignore = () => lab.say('a moment: the hosts are frozen, and go on first');
  process.on('SIGINT', ignore).on('SIGTERM', ignore);
  try {
    await Promise.all(names.map((name) => freezeGroup(layout, name, true)));
    await work();
  } finally {
    await Promise.all(names.map((name) => freezeGroup(layout, name, false)));
    process.off('SIGINT', ignore).off('SIGTERM', ignore);
  }
}

/** Keeps owners, modes, times, links, sparse files and the overlay's own marks. */
async function copyTree(from: string, to: string): Promise<void> {
  rmSync(to, { recursive: true, force: true });
  await run('cp', ['-a', '--reflink=auto', from, to]);
}
