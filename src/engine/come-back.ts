import type { Command } from '../core/command.ts';
import type { Failure } from '../core/event.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Decision, taskRef } from './decision.ts';
import { batchFailed } from './failure.ts';
import type { ItemOutcome } from './item-outcome.ts';
import { isUnreachable } from './looking.ts';
import type { Run } from './run.ts';
import { pause } from './wait.ts';

const EVERY_MS = 2_000;
const PROBE_MS = 15_000;

/** How the host answered: with the start that it runs since, or not. */
type Seen = { readonly boot: string } | { readonly lost: string };

/** Has the host start anew, and waits until it answers and says that it did. */
export async function comeBack(
  run: Run,
  decision: Decision,
  command: Extract<Command, { kind: 'reboot' }>,
  runShell: () => Promise<ItemOutcome>,
): Promise<ItemOutcome> {
  const asked = await runShell();
  const before = asked.outputs[0]?.stdout.trim();
  if (asked.failure || before === undefined) return asked;
  const begun = run.clock.now();
  for (;;) {
    const seen = await look(run, decision.on, command.boot);
    const waitedMs = run.clock.now() - begun;
    if ('boot' in seen && seen.boot !== before) {
      run.ground.facts.forget(decision.on);
      return { outcome: 'changed', outputs: asked.outputs, fresh: decision };
    }
    const text = 'lost' in seen ? seen.lost : 'it has not gone down yet';
    const isLate = waitedMs + EVERY_MS > command.withinMs;
    if (isLate || run.signal?.aborted) return gone(run, decision, asked, seen, isLate, waitedMs);
    run.emit({
      type: 'status',
      host: decision.host,
      task: taskRef(decision.task),
      text: run.masker.mask(`${text}, ${Math.round(waitedMs / 1000)} s`),
    });
    await pause(run, EVERY_MS);
  }
}

async function look(run: Run, on: string, boot: string): Promise<Seen> {
  try {
    const answer = await run.contacts.session(on)?.probe(boot, { timeoutMs: PROBE_MS });
    if (answer?.status === 0) return { boot: answer.stdout.toString().trim() };
    return { lost: answer?.stderr.trim() || 'it does not answer' };
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    return { lost: error.message };
  }
}

/** It is not back: too late, or nobody waits any longer. */
function gone(
  run: Run,
  decision: Decision,
  { outputs }: ItemOutcome,
  seen: Seen,
  isLate: boolean,
  waitedMs: number,
): ItemOutcome {
  const waited = `waited ${Math.round(waitedMs / 1000)} s for ${decision.on} to come back`;
  const last = 'lost' in seen ? `last: ${seen.lost}` : 'it answers, but still runs since the same start';
  const ended = (outcome: Outcome): Failure =>
    batchFailed(outcome, `${waited}; ${last}`, undefined, undefined, run);
  if (!isLate) return { outcome: 'failed', outputs, failure: ended('stopped') };
  if ('boot' in seen) return { outcome: 'failed', outputs, failure: ended('timed-out') };
  run.contacts.lose(decision.on, seen.lost);
  return { outcome: 'unreachable', outputs, failure: ended('unreachable') };
}
