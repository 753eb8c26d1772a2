import { createHash } from 'node:crypto';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Command } from '../core/command.ts';
import { type Decision, taskRef } from './decision.ts';
import type { ItemOutcome } from './item-outcome.ts';
import type { Run } from './run.ts';
import { streamFailed, streamOptions } from './streaming.ts';

/** Streams a file of the host to the controller; what is there stays until the new one has come whole and right. */
export async function fetchFile(
  run: Run,
  decision: Decision,
  command: Extract<Command, { kind: 'fetch' }>,
): Promise<ItemOutcome> {
  const { host, task, item } = decision;
  const display = run.masker.mask(command.display);
  run.emit({ type: 'begin', host, task: taskRef(task), item: item?.label ?? '', display, handler: false });
  const began = run.clock.now();
  run.begun = true;
  try {
    await run.keepFile(command.to, (sink) => stream(run, decision, command, sink));
  } catch (error) {
    return streamFailed(run, error, display);
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
  { on, item }: Decision,
  { from, sha256 }: Extract<Command, { kind: 'fetch' }>,
  sink: NodeJS.WritableStream,
): Promise<void> {
  const session = run.contacts.session(on);
  if (!session) throw new Error(`${on} has no session`);
  const hash = createHash('sha256');
  const through = new PassThrough();
  through.on('data', (chunk: Buffer) => hash.update(chunk));
  const [{ status, stderr }] = await Promise.all([
    session.download(from, through, streamOptions(run, item)),
    pipeline(through, sink),
  ]);
  if (status !== 0) throw new Error(`${from} could not be read: ${stderr.trim() || `exit status ${status}`}`);
  if (hash.digest('hex') !== sha256) throw new Error(`${from} changed while it was being fetched`);
}
