import { spawnSync } from 'node:child_process';
import type { Answer, FactKind, Looked } from '../../src/core/fact.ts';
import type { Json } from '../../src/core/value.ts';

/** Looks with a real shell, as whoever is asked for, its stdin empty. */
export function lookAt<S extends Json, V>(
  kind: FactKind<S, V>,
  subjects: readonly S[],
  { env, uid }: { env?: NodeJS.ProcessEnv; uid?: number } = {},
): readonly Looked<V>[] {
  return kind.parse(
    answerOf(kind.look(subjects).script, { ...(env ? { env } : {}), ...(uid ? { uid } : {}) }),
    subjects,
  );
}

export function answerOf(script: string, options: { env?: NodeJS.ProcessEnv; uid?: number } = {}): Answer {
  const { uid, env } = options;
  const run = spawnSync('/bin/sh', ['-c', script], {
    input: '',
    ...(env ? { env } : {}),
    ...(uid ? { uid, gid: uid } : {}),
  });
  return { status: run.status ?? -1, stdout: run.stdout, stderr: run.stderr.toString() };
}

/** Nobody: to whom a closed directory is closed. Tests that need it are skipped unless root runs them. */
export const NOBODY = 65_534;
export const isRoot: boolean = process.getuid?.() === 0;
