import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Machine } from './tiny-engine.ts';

/** A machine whose apt, dpkg, systemctl and account programs are stubs that keep their state in files. */
export interface StubMachine extends Machine {
  readonly state: string;
  /** What the stubs were told to do, reading aside. */
  calls(): readonly string[];
  write(name: string, text: string): void;
  remove(): void;
}

/** Where tests write: in memory where there is such a place, because every change is synced to the disk. */
export const SCRATCH: string = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export function stubMachine(shell: readonly string[] = ['sh']): StubMachine {
  const root = mkdtempSync(join(SCRATCH, 'fanops-stubs-'));
  const programs = join(root, 'bin');
  const state = join(root, 'state');
  cpSync(fileURLToPath(new URL('stubs', import.meta.url)), programs, {
    recursive: true,
    verbatimSymlinks: true,
  });
  for (const folder of ['installed', 'available', 'upstream', 'units'])
    mkdirSync(join(state, folder), { recursive: true });
  const write = (name: string, text: string) => writeFileSync(join(state, name), text);
  for (const file of ['calls', 'passwd', 'group', 'members']) write(file, '');
  return {
    shell,
    env: { ...process.env, PATH: `${programs}:${process.env.PATH}`, STUBS: state },
    state,
    calls: () => readFileSync(join(state, 'calls'), 'utf8').split('\n').filter(Boolean),
    write,
    remove: () => rmSync(root, { recursive: true }),
  };
}

/** A unit as `systemctl show` prints it. */
export function unitFile(
  fields: { active?: string; file?: string; reload?: string; load?: string } = {},
): string {
  const { active = 'inactive', file = 'disabled', reload = 'no', load = 'loaded' } = fields;
  return `LoadState=${load}\nActiveState=${active}\nSubState=dead\nUnitFileState=${file}\nNeedDaemonReload=${reload}\nMainPID=0\n`;
}
