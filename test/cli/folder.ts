import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Makes a folder with these files, gives it to `use`, and removes it. */
export function inFolder<T>(files: { readonly [path: string]: string }, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'fanops-cli-'));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The variables of a host that is this machine, with folders of its own below `base` for what fanops keeps there. */
export function localHost(base: string): string {
  return `{ansible_connection: local, fanops_state_dir: ${base}/lib, fanops_run_dir: ${base}/run}`;
}
