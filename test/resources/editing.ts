import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AnyResource } from '../../src/core/resource.ts';
import { SCRATCH } from './stub-machine.ts';
import { type Applied, apply, SH } from './tiny-engine.ts';

/** What a resource makes of a file with this text (none: there is no file). */
export function edited(
  resource: AnyResource,
  before: string | undefined,
  args: object,
): Applied & { readonly text: string | undefined } {
  const dir = mkdtempSync(join(SCRATCH, 'fanops-edit-'));
  const path = join(dir, 'f');
  try {
    if (before !== undefined) writeFileSync(path, before);
    const applied = apply(SH, resource, { path, ...args });
    return { ...applied, text: textOf(path) };
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
