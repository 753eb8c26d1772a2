import type { CommandResult } from '../core/command.ts';
import type { BatchCommand, BatchResult, Session } from '../core/session.ts';

/**
 * Runs commands that only read as probes: nothing is made on the host for them, no batch, no folder. In order,
 * stopped at the first failure, as a batch.
 */
export async function probeBatch(
  session: Session,
  commands: readonly BatchCommand[],
  now: () => number,
): Promise<BatchResult> {
  const results: CommandResult[] = [];
  for (const command of commands) {
    if (command.stdin !== undefined)
      return { outcome: 'refused', results, reason: 'what only looks is given nothing to read (stdin)' };
    const result = await probe(session, command, now);
    results.push(result);
    if (result.status !== 0) return { outcome: 'failed', results };
  }
  return { outcome: 'done', results };
}

async function probe(session: Session, command: BatchCommand, now: () => number): Promise<CommandResult> {
  const begun = now();
  const { script, timeoutMs, as } = command;
  const answer = await session.probe(script, {
    timeoutMs,
    mayHang: true,
    ...(as === undefined ? {} : { as }),
  });
  return {
    status: answer.status,
    stdout: answer.stdout.toString('utf8'),
    stderr: answer.stderr,
    truncated: false,
    durationMs: now() - begun,
  };
}
