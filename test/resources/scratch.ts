import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'uvu';
import * as assert from 'uvu/assert';
import type { AnyResource } from '../../src/core/resource.ts';
import { SCRATCH } from './stub-machine.ts';
import { type Machine, plan, SH } from './tiny-engine.ts';

export interface Scratch {
  dir: string;
}

export const isRoot: boolean = process.getuid?.() === 0;
export const NOBODY: Machine = {
  shell: ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups', 'sh'],
};

/** Every test of the suite has an empty folder of its own. */
export function useFolder(test: Test<Scratch>): void {
  test.before.each((context) => {
    context.dir = mkdtempSync(join(SCRATCH, 'fanops-files-'));
    chmodSync(context.dir, 0o755);
  });
  test.after.each(({ dir }) => rmSync(dir, { recursive: true }));
}

/** The file `f` in it, with an old text. */
export function seed(dir: string): string {
  writeFileSync(join(dir, 'f'), 'old\n');
  return join(dir, 'f');
}

export interface RefusedPath {
  readonly title: string;
  readonly reason: RegExp;
  prepare(dir: string): object;
}

/** Looked at with a real shell, in a folder that `prepare` fills. */
export function expectRefusedPaths(
  test: Test<Scratch>,
  resource: AnyResource,
  refused: readonly RefusedPath[],
): void {
  for (const { title, reason, prepare } of refused)
    test(`${title} is refused, and why is said`, ({ dir }) => {
      const { change } = plan(SH, resource, prepare(dir));
      assert.is(change.action, 'blocked');
      assert.match(change.reason ?? '', reason);
    });
}

/** What stands in a directory that is closed to whoever looks is not taken for absent. */
export function expectRefusedBehindClosedDoor(
  test: Test<Scratch>,
  resource: AnyResource,
  cases: readonly object[],
): void {
  if (!isRoot) return;
  for (const args of cases)
    test(`${resource.name} ${JSON.stringify(args)} behind a closed door is refused, not made`, ({ dir }) => {
      mkdirSync(join(dir, 'closed'), { mode: 0o700 });
      const { change } = plan(NOBODY, resource, { path: join(dir, 'closed', 'f'), ...args });
      assert.is(change.action, 'blocked');
      assert.match(change.reason ?? '', /could not look at .*Permission denied/);
    });
}
