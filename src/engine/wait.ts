import type { Command, CommandResult } from '../core/command.ts';
import type { Failure } from '../core/event.ts';
import { type Decision, taskRef } from './decision.ts';
import { toGoOn, whenMended } from './failure.ts';
import { eyesOf } from './looking.ts';
import type { Run } from './run.ts';
import { freshView } from './verify.ts';

export type Waited = { readonly outputs: readonly CommandResult[] } | { readonly failure: Failure };

/** Looks again and again until the resource is content or its time is over; says what it last saw. */
export async function wait(
  run: Run,
  decision: Decision,
  command: Extract<Command, { kind: 'await' }>,
): Promise<Waited> {
  const { resource, args, host, task } = decision;
  if (!decision.view || !resource.met) throw new Error(`${resource.name} waits, but has no "met"`);
  const ref = taskRef(task);
  const display = run.masker.mask(command.display);
  run.emit({ type: 'begin', host, task: ref, item: decision.item?.label ?? '', display, handler: false });
  const begun = run.clock.now();
  for (;;) {
    for (const member of decision.view.members) {
      run.ground.facts.forget(member);
      const eyes = eyesOf(decision.item?.as, run.ground.hello(member));
      for (const request of command.probe) run.ground.facts.want(member, { request, ...eyes });
    }
    await run.lookAtWanted();
    const view = freshView(run, decision).view ?? decision.view;
    const { met, seen } = resource.met(args as never, view);
    const waitedMs = run.clock.now() - begun;
    if (met) return { outputs: [result(seen, waitedMs)] };
    const text = run.masker.mask(seen);
    if (run.signal?.aborted) return { failure: stopped(run, text) };
    if (waitedMs + command.everyMs > command.withinMs)
      return { failure: tooLate(run, display, waitedMs, text) };
    run.emit({ type: 'status', host, task: ref, text: `${text}, ${Math.round(waitedMs / 1000)} s` });
    await pause(run, command.everyMs);
  }
}

/** Sleeps, but not on when the operator stops the run. Milliseconds. */
export async function pause({ clock, signal }: Run, ms: number): Promise<void> {
  if (!signal?.aborted) await clock.sleep(ms, signal);
}

function result(seen: string, durationMs: number): CommandResult {
  return { status: 0, stdout: seen, stderr: '', truncated: false, durationMs };
}

function tooLate(run: Run, display: string, waitedMs: number, seen: string): Failure {
  return {
    outcome: 'timed-out',
    message: `waited ${Math.round(waitedMs / 1000)} s; last seen: ${seen}`,
    command: display,
    next: `look at the host; ${whenMended(run)}`,
  };
}

function stopped(run: Run, seen: string): Failure {
  return {
    outcome: 'stopped',
    message: `stopped while waiting; last seen: ${seen}`,
    next: toGoOn(run),
  };
}
