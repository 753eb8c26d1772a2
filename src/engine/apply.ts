import { gravest, type Outcome } from '../core/outcome.ts';
import type { Play, Task } from '../core/task.ts';
import { Course } from './course.ts';
import { elected, isDoneByOneGone } from './elected.ts';
import { walkHost } from './host-walk.ts';
import { Notified } from './notified.ts';
import { recordOnce } from './recorded.ts';
import { type FailedTask, goOnAfter } from './rescue.ts';
import type { Run } from './run.ts';
import { isShared, type Stretch, stretchesOf } from './stretches.ts';
import { mustStop } from './thresholds.ts';

type Pending = { readonly [host: string]: readonly string[] };

/** One serial batch of a play under way. */
interface Batch {
  readonly play: Play;
  readonly members: readonly string[];
  /** Those that had not ended before. */
  readonly hosts: readonly string[];
  readonly courses: ReadonlyMap<string, Course>;
  readonly notified: Notified;
}

/** Carries out a playbook, play by play, batch by batch; stops at the first barrier behind too many failures. */
export async function applyPlaybook(run: Run): Promise<Outcome> {
  let pending: Pending = {};
  for (const host of run.playbook.plays.flatMap((play) => play.batches.flat())) run.recaps.see(host);
  for (const play of run.playbook.plays) {
    run.emit({ type: 'play', name: play.name, hosts: play.batches.flat() });
    await recordOnce(run, { type: 'step-begun', step: play.id, name: play.name, hosts: play.batches.flat() });
    const all = await applyPlay(run, play, (left) => {
      pending = { ...pending, ...left };
    });
    if (!all) break;
  }
  const outcome = endOf(run);
  run.emit({ type: 'finished', outcome, recap: run.recaps.toRecord(), pendingHandlers: pending });
  return outcome;
}

/** Says whether the run may go on. */
async function applyPlay(run: Run, play: Play, keep: (pending: Pending) => void): Promise<boolean> {
  for (const members of play.batches) {
    const hosts = members.filter((host) => !run.ended.has(host));
    const batch: Batch = {
      play,
      members,
      hosts,
      courses: new Map(
        hosts.map((host) => [host, new Course(play.tasks, (task) => run.registers.passOver(host, task))]),
      ),
      notified: new Notified(run.notes, play, hosts),
    };
    const goesOn = await applyBatch(run, batch);
    keep(batch.notified.left());
    if (!goesOn) return false;
  }
  return true;
}

async function applyBatch(run: Run, batch: Batch): Promise<boolean> {
  for (const stretch of stretchesOf(run.ground, batch.play.tasks)) {
    const goesOn = await applyStretch(run, batch, stretch);
    if (batch.hosts.length > 1)
      await recordOnce(run, { type: 'barrier', step: batch.play.id, hosts: batch.hosts });
    if (!goesOn || mustStop(run, batch.play, batch.hosts)) return false;
  }
  await runHandlers(run, batch, goingOn(run, batch));
  return !mustStop(run, batch.play, batch.hosts);
}

function goingOn(run: Run, { hosts }: Batch): readonly string[] {
  return hosts.filter((host) => !run.ended.has(host));
}

/** The hosts whose way leads through a task: not those that have failed before it, or were led past it. */
function presentAt(run: Run, batch: Batch, task: number): readonly string[] {
  return goingOn(run, batch).filter((host) => batch.courses.get(host)?.cursor.task === task);
}

async function applyStretch(run: Run, batch: Batch, { kind, from, until }: Stretch): Promise<boolean> {
  run.ground.facts.forget();
  if (kind === 'shared') return applyShared(run, batch, from);
  if (kind === 'flush') {
    const present = presentAt(run, batch, from);
    await runHandlers(run, batch, present);
    advance(run, batch, present, until);
    return true;
  }
  const done = await Promise.all(
    goingOn(run, batch).map((host) => walkHost(run, host, courseOf(batch, host), until)),
  );
  await batch.notified.takeIn(done.flatMap(({ carriedOut }) => carriedOut));
  return true;
}

/**
 * Done by one host for all that are there, and by the same one when the run is taken up: what it registers is there for all, and where it fails, it has failed
 * for all, in the same block. A failure that is not rescued stops everything, because nobody has what it should do.
 */
async function applyShared(run: Run, batch: Batch, index: number): Promise<boolean> {
  const task = batch.play.tasks[index] as Task;
  const present = presentAt(run, batch, index);
  const first = elected(run, task, present);
  if (first === undefined) return true;
  if (isDoneByOneGone(run, task, batch.members)) return false;
  const others = present.filter((host) => host !== first);
  const { carriedOut, failure } = await walkHost(run, first, courseOf(batch, first), index + 1);
  await batch.notified.takeIn(carriedOut);
  share(run, first, others, task.register);
  if (run.ended.has(first)) return false;
  if (failure) await failFor(run, batch, others, failure);
  else advance(run, batch, others, index + 1);
  return true;
}

/** It failed for these too. */
async function failFor(run: Run, batch: Batch, hosts: readonly string[], failure: FailedTask): Promise<void> {
  const isRescued = hosts.some((host) => courseOf(batch, host).isRescuable(failure.decision.task));
  if (hosts.length > 0 && !isRescued) await run.journal.record({ type: 'failed-for', hosts });
  for (const host of hosts) {
    run.offPlan.add(host);
    end(run, host, goOnAfter(run, host, courseOf(batch, host), failure));
  }
}

function share(run: Run, from: string, to: readonly string[], register: string | undefined): void {
  const value = register === undefined ? undefined : run.registers.of(from)[register];
  for (const host of to) {
    if (register !== undefined && value !== undefined) run.registers.set(host, register, value);
    // What it tells them is not what the plan had it tell.
    if (run.offPlan.has(from)) run.offPlan.add(host);
  }
}

function advance(run: Run, batch: Batch, hosts: readonly string[], to: number): void {
  for (const host of hosts) end(run, host, courseOf(batch, host).advance({ task: to, item: 0 }));
}

function end(run: Run, host: string, outcome: Outcome | undefined): void {
  if (outcome !== undefined) run.ended.set(host, outcome);
}

function courseOf({ courses }: Batch, host: string): Course {
  const course = courses.get(host);
  if (!course) throw new Error(`${host} is not in this batch`);
  return course;
}

/** Handlers run in the order in which they are written, on the hosts where they are due. */
async function runHandlers(run: Run, batch: Batch, hosts: readonly string[]): Promise<void> {
  const { play, notified } = batch;
  for (const handler of play.handlers) {
    const due = notified.hostsFor(handler, hosts).filter((host) => !run.ended.has(host));
    if (due.length === 0) continue;
    run.ground.facts.forget();
    const shared = isShared(run.ground, handler);
    const first = shared ? elected(run, handler, due) : undefined;
    const acting = first === undefined ? due : [first];
    const done = await Promise.all(acting.map((host) => walkHost(run, host, new Course([handler]), 1, true)));
    await notified.takeIn(done.flatMap(({ carriedOut }) => carriedOut));
    if (first !== undefined) share(run, first, due, handler.register);
    // What one does for all has failed for all.
    for (const host of due) if (!run.ended.has(first ?? host)) await notified.done(handler, host);
    if (mustStop(run, play, batch.hosts)) return;
  }
}

function endOf(run: Run): Outcome {
  const outcome = gravest(run.ended.values());
  return outcome === 'stopped' && !run.begun ? 'interrupted' : outcome;
}
