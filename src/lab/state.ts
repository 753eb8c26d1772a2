import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { LabFailure } from './failure.ts';
import { placesOf } from './places.ts';
import type { Root } from './roots.ts';
import { type LabSettings, readSettings, SETTINGS, type WrittenSettings, writeSettings } from './settings.ts';

/** What is kept of a lab between two commands. */
export interface LabState {
  readonly version: 1;
  readonly settings: Required<WrittenSettings>;
  /** What the hosts' disks were made on; absent until there are any. */
  readonly root?: Root;
}

/** The settings in force: flags before environment, before what `up` was given, before the defaults. */
export function resolveSettings(
  flags: WrittenSettings,
  env: { readonly [name: string]: string | undefined },
): LabSettings {
  const variables = Object.fromEntries(
    SETTINGS.flatMap(({ key, variable }) => (env[variable] ? [[key, env[variable]]] : [])),
  );
  const given: WrittenSettings = { ...variables, ...flags };
  const { dir } = readSettings({ ...(given.dir === undefined ? {} : { dir: given.dir }) });
  const kept = readStateFile(join(dir, 'lab.json'))?.settings;
  return readSettings({ ...kept, dir, ...given });
}

export function readState(settings: LabSettings): LabState | undefined {
  return readStateFile(placesOf(settings).state);
}

export function writeState(settings: LabSettings, root: Root | undefined): void {
  const { state } = placesOf(settings);
  const content: LabState = { version: 1, settings: writeSettings(settings), ...(root ? { root } : {}) };
  mkdirSync(dirname(state), { recursive: true });
  writeFileSync(`${state}.part`, `${JSON.stringify(content, null, 2)}\n`);
  renameSync(`${state}.part`, state);
}

function readStateFile(file: string): LabState | undefined {
  if (!existsSync(file)) return undefined;
  let state: LabState;
  try {
    state = JSON.parse(readFileSync(file, 'utf8')) as LabState;
  } catch (cause) {
    throw new LabFailure(`${file}: expected JSON; remove the file, then "fanops lab down" and "up" again`, {
      cause,
    });
  }
  if (state.version !== 1)
    throw new LabFailure(
      `${file}: expected version 1, found ${state.version}; made by another version of fanops`,
    );
  return state;
}
