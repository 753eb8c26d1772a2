import { existsSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type CgroupLayout, groupDirs } from './cgroup-layout.ts';
import { LabFailure } from './failure.ts';

/** Whether any process is in the group or below it. */
export function isPopulated(layout: CgroupLayout, name: string): boolean {
  return eventOf(layout, name, 'populated');
}

/** The names of all groups of the lab that exist, running or not. */
export function groupsWithPrefix(layout: CgroupLayout, prefix: string): string[] {
  const names = layout.roots
    .flatMap((root) => readdirSync(root, { withFileTypes: true }))
    .filter((entry) => entry.isDirectory() && entry.name.startsWith(prefix))
    .map((entry) => (layout.kind === 'systemd' ? entry.name.replace(/\.scope$/, '') : entry.name));
  return [...new Set(names)].sort();
}

/** SIGKILL to every process of the group at the same moment; then the group is removed. */
export async function killGroup(layout: CgroupLayout, name: string): Promise<void> {
  const [unified] = groupDirs(layout, name);
  if (unified === undefined) return;
  if (existsSync(unified)) {
    writeUnlessGone(join(unified, 'cgroup.freeze'), '0');
    writeUnlessGone(join(unified, 'cgroup.kill'), '1');
  }
  await until(() => !isPopulated(layout, name), 10_000, `the processes of ${name} to end after SIGKILL`);
  await removeGroup(layout, name);
}

/** Removes the directories of a group that no process is in. */
export async function removeGroup(layout: CgroupLayout, name: string): Promise<void> {
  await until(
    () => {
      for (const dir of groupDirs(layout, name)) removeTree(dir);
      return groupDirs(layout, name).every((dir) => !existsSync(dir));
    },
    5_000,
    `the empty control groups of ${name} to be removed`,
  );
}

/** Stops every process of the group in its tracks, or lets them go on. */
export async function freezeGroup(layout: CgroupLayout, name: string, frozen: boolean): Promise<void> {
  const [unified] = groupDirs(layout, name);
  if (unified === undefined || !existsSync(unified)) return;
  writeFileSync(join(unified, 'cgroup.freeze'), frozen ? '1' : '0');
  if (frozen) await until(() => eventOf(layout, name, 'frozen'), 10_000, `${name} to be frozen`);
}

/** The memory that the group's processes have of their own, in bytes; 0 when nothing runs. */
export function memoryOf(layout: CgroupLayout, name: string): number {
  return processesOf(layout, name)
    .map((pid) => {
      try {
        const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
        return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0) * 1024;
      } catch {
        // It has ended meanwhile.
        return 0;
      }
    })
    .reduce((sum, bytes) => sum + bytes, 0);
}

/** All process ids of the group and below. */
export function processesOf(layout: CgroupLayout, name: string): number[] {
  const [unified] = groupDirs(layout, name);
  return unified === undefined ? [] : processesBelow(unified);
}

function processesBelow(dir: string): number[] {
  try {
    const own = readFileSync(join(dir, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
    const below = readdirSync(dir, { withFileTypes: true }).filter((entry) => entry.isDirectory());
    return [...own, ...below.flatMap((entry) => processesBelow(join(dir, entry.name)))];
  } catch {
    return [];
  }
}

function eventOf(layout: CgroupLayout, name: string, event: 'populated' | 'frozen'): boolean {
  const [unified] = groupDirs(layout, name);
  try {
    return new RegExp(`^${event} 1$`, 'm').test(readFileSync(join(String(unified), 'cgroup.events'), 'utf8'));
  } catch {
    return false;
  }
}

function removeTree(dir: string): void {
  try {
    for (const entry of readdirSync(dir, { withFileTypes: true }))
      if (entry.isDirectory()) removeTree(join(dir, entry.name));
    rmdirSync(dir);
  } catch {
    // Gone already, or busy for a moment longer: the caller looks whether it is there.
  }
}

function writeUnlessGone(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code !== 'ENOENT' && code !== 'ENODEV') throw error;
  }
}

async function until(holds: () => boolean, withinMs: number, what: string): Promise<void> {
  const end = Date.now() + withinMs;
  while (!holds()) {
    if (Date.now() > end) throw new LabFailure(`waited ${withinMs / 1000} s for ${what}, in vain`);
    await sleep(20);
  }
}
