import { gravest, type Outcome } from '../core/outcome.ts';
import type { Play, Task } from '../core/task.ts';
import { walkHost } from './host-walk.ts';
import { Notified } from './notified.ts';
import type { Run } from './run.ts';
import { isShared, type Stretch, stretchesOf } from './stretches.ts';

type Pending = { readonly [host: string]: readonly string[] };

/** Carries out a playbook, play by play, batch by batch; stops at the first barrier behind a failure. */
export async function applyPlaybook(run: Run): Promise<Outcome> {
  let pending: Pending = {};
  for (const play of run.playbook.plays) {
    run.emit({ type: 'play', name: play.name, hosts: play.batches.flat() });
    for (const batch of play.batches) {
      pending = { ...pending, ...(await applyBatch(run, play, batch)) };
      if (run.ended.size > 0) break;
    }
    if (run.ended.size > 0) break;
  }
  const outcome = endOf(run);
  run.emit({ type: 'finished', outcome, recap: run.recaps.toRecord(), pendingHandlers: pending });
  return outcome;
}

async function applyBatch(run: Run, play: Play, hosts: readonly string[]): Promise<Pending> {
  for (const host of hosts) run.recaps.see(host);
  const notified = new Notified(run.notes, play, hosts);
  for (const stretch of stretchesOf(run.ground, play.tasks)) {
    await applyStretch(run, play, hosts, stretch, notified);
    if (run.ended.size > 0) return notified.left();
  }
  await runHandlers(run, play, hosts, notified);
  return notified.left();
}

async function applyStretch(
  run: Run,
  play: Play,
  hosts: readonly string[],
  stretch: Stretch,
  notified: Notified,
): Promise<void> {
  run.ground.facts.forget();
  if (stretch.kind === 'flush') await runHandlers(run, play, hosts, notified);
  else if (stretch.kind === 'shared') await applyShared(run, hosts, stretch.task, notified, false);
  else {
    const done = await Promise.all(hosts.map((host) => walkHost(run, host, stretch.tasks)));
    await notified.takeIn(done.flat());
  }
}

/** Done by one host; what it registers is there for all. */
async function applyShared(
  run: Run,
  hosts: readonly string[],
  task: Task,
  notified: Notified,
  handler: boolean,
): Promise<void> {
  const [first] = hosts;
  if (first === undefined) return;
  await notified.takeIn(await walkHost(run, first, [task], handler));
  const value = task.register === undefined ? undefined : run.registers.of(first)[task.register];
  if (task.register !== undefined && value !== undefined)
    for (const host of hosts) run.registers.set(host, task.register, value);
}

/** Handlers run in the order in which they are written, on the hosts where they are due. */
async function runHandlers(
  run: Run,
  play: Play,
  hosts: readonly string[],
  notified: Notified,
): Promise<void> {
  for (const handler of play.handlers) {
    const due = notified.hostsFor(handler, hosts);
    if (due.length === 0) continue;
    run.ground.facts.forget();
    if (isShared(run.ground, handler)) await applyShared(run, due, handler, notified, true);
    else {
      const done = await Promise.all(due.map((host) => walkHost(run, host, [handler], true)));
      await notified.takeIn(done.flat());
    }
    for (const host of due) {
      if (run.ended.has(host)) continue;
      await notified.done(handler, host);
    }
    if (run.ended.size > 0) return;
  }
}

function endOf(run: Run): Outcome {
  const outcome = gravest(run.ended.values());
  return outcome === 'stopped' && !run.begun ? 'interrupted' : outcome;
}
