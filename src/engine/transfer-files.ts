import { PassThrough } from 'node:stream';
import type { Command, CommandResult } from '../core/command.ts';
import { type Session, type StreamEnd, Unreachable } from '../core/session.ts';
import { type Decision, taskRef } from './decision.ts';
import { batchFailed, leasedFailure } from './failure.ts';
import type { ItemOutcome } from './item-outcome.ts';
import { isUnreachable } from './looking.ts';
import { noteHandlers } from './perform.ts';
import type { Run } from './run.ts';
import { streamFailed, streamOptions } from './streaming.ts';

type Transfer = Extract<Command, { kind: 'transfer' }>;
type Part = Transfer['files'][number];

/** How often it says how far it is. */
const TELL_MS = 1_000;

/** Streams files of one host into scripts of another, one after the other; nothing of them is kept here. */
export async function transferFiles(run: Run, decision: Decision, command: Transfer): Promise<ItemOutcome> {
  const { host, task, item } = decision;
  const display = run.masker.mask(command.display);
  run.emit({ type: 'begin', host, task: taskRef(task), item: item?.label ?? '', display, handler: false });
  run.begun = true;
  const outputs: CommandResult[] = [];
  try {
    const held = await run.leases.take(decision.on);
    if (held) return { outcome: 'failed', outputs, failure: leasedFailure(held) };
    await noteHandlers(run, decision);
    for (const part of command.files) {
      if (run.signal?.aborted) return stoppedBefore(run, part, display, outputs);
      outputs.push(await transfer(run, decision, command.from, part));
    }
  } catch (error) {
    return { ...streamFailed(run, error, display), outputs };
  } finally {
    run.ground.facts.forget(decision.on);
  }
  return { outcome: 'changed', outputs, fresh: decision };
}

function stoppedBefore(run: Run, { path }: Part, display: string, outputs: CommandResult[]): ItemOutcome {
  const reason = `stopped before ${path}; what came before it is there`;
  return {
    outcome: 'failed',
    outputs,
    failure: batchFailed('stopped', reason, display, undefined, run),
  };
}

async function transfer(run: Run, decision: Decision, from: string, part: Part): Promise<CommandResult> {
  const began = run.clock.now();
  const options = streamOptions(run, decision.item);
  const between = new PassThrough();
  tellProgress(run, decision, part, between);
  const sending = sessionOf(run, from).download(part.path, between, options);
  const receiving = sessionOf(run, decision.on).feed(part.into, between, options);
  const [sent, received] = await Promise.allSettled([sending, receiving]);
  const cause = causeOf(from, sent) ?? causeOf(decision.on, received) ?? rejection(sent);
  if (cause !== undefined) throw cause;
  return { status: 0, stdout: '', stderr: '', truncated: false, durationMs: run.clock.now() - began };
}

/** Why one end failed by itself; undefined when it did not, or only because the other end did. */
function causeOf(host: string, end: PromiseSettledResult<StreamEnd>): unknown {
  if (end.status === 'rejected') return isUnreachable(end.reason) ? end.reason : undefined;
  const { status, stderr } = end.value;
  return status === 0 ? undefined : new Error(`on ${host}: ${stderr.trim() || `exit status ${status}`}`);
}

function rejection(end: PromiseSettledResult<StreamEnd>): unknown {
  return end.status === 'rejected' ? end.reason : undefined;
}

function sessionOf(run: Run, host: string): Session {
  const session = run.contacts.session(host);
  if (session) return session;
  throw new Unreachable(host, run.contacts.whyLost(host) ?? `${host} has no session`);
}

function tellProgress(run: Run, { host, task }: Decision, part: Part, stream: PassThrough): void {
  let bytes = 0;
  let toldAt = run.clock.now();
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (run.clock.now() - toldAt < TELL_MS) return;
    toldAt = run.clock.now();
    const text = run.masker.mask(`${part.path}: ${mebibytes(bytes)} of ${mebibytes(part.size)} MiB`);
    run.emit({ type: 'status', host, task: taskRef(task), text });
  });
  // The data listener alone would let it flow before the other end takes it.
  stream.pause();
}

function mebibytes(bytes: number): string {
  return (bytes / 1_048_576).toFixed(bytes < 10_485_760 ? 1 : 0);
}
