import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from '../core/command.ts';
import type { Failure } from '../core/event.ts';
import { type Decision, taskRef } from './decision.ts';
import { batchFailed } from './failure.ts';
import type { ItemOutcome } from './item-outcome.ts';
import { isUnreachable } from './looking.ts';
import type { Run } from './run.ts';

/** Streams a file of the host to the controller; what is there stays until the new one has come whole and right. */
export async function fetchFile(
  run: Run,
  decision: Decision,
  command: Extract<Command, { kind: 'fetch' }>,
): Promise<ItemOutcome> {
  const { on, host, task, item } = decision;
  const display = run.masker.mask(command.display);
  run.emit({ type: 'begin', host, task: taskRef(task), item: item?.label ?? '', display, handler: false });
  const began = run.clock.now();
  run.begun = true;
  try {
    await run.keepFile(command.to, (sink) => stream(run, on, command, sink));
  } catch (error) {
    if (isUnreachable(error)) {
      run.contacts.lose(on, error.message);
      return { outcome: 'unreachable', outputs: [], failure: failed(run, 'unreachable', error, display) };
    }
    return { outcome: 'failed', outputs: [], failure: failed(run, 'failed', error, display) };
  }
  const durationMs = run.clock.now() - began;
  return {
    outcome: 'changed',
    outputs: [{ status: 0, stdout: '', stderr: '', truncated: false, durationMs }],
    fresh: decision,
  };
}

async function stream(
  run: Run,
  on: string,
  { from, sha256 }: Extract<Command, { kind: 'fetch' }>,
  sink: NodeJS.WritableStream,
): Promise<void> {
  const session = run.contacts.session(on);
  if (!session) throw new Error(`${on} has no session`);
  const hash = createHash('sha256');
  const through = new PassThrough();
  through.on('data', (chunk: Buffer) => hash.update(chunk));
  const [{ status, stderr }] = await Promise.all([session.download(from, through), pipeline(through, sink)]);
  if (status !== 0) throw new Error(`${from} could not be read: ${stderr.trim() || `exit status ${status}`}`);
  if (hash.digest('hex') !== sha256)
    throw new Error(`${from} changed while it was being fetched: apply again`);
}

function failed(run: Run, outcome: Failure['outcome'], error: unknown, display: string): Failure {
  const reason = error instanceof Error ? error.message : String(error);
  return batchFailed(outcome, reason, display, undefined, run.masker);
}
