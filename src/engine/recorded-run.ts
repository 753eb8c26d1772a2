import { createHash } from 'node:crypto';
import { isChanging } from '../core/change.ts';
import type { PlanApproved } from '../core/journal.ts';
import { freeze, memoryVault } from '../core/json.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import { afterHeld, type Held, heldText } from './leases.ts';
import { isUnreachable } from './looking.ts';
import { finish } from './refusals.ts';
import { plannedKey, type Run } from './run.ts';

/** What of a plan a run must know to be taken up. */
export function approved(plan: Plan): PlanApproved {
  const steps = plan.plays.flatMap((play) => play.steps);
  const text = JSON.stringify(freeze({ ...plan, warnings: [] }, memoryVault('plan')));
  const changing = steps.filter((step) => isChanging(step.change));
  return {
    type: 'plan',
    digest: createHash('sha256').update(text).digest('hex'),
    unchanged: steps
      .filter((step) => step.change.action === 'none')
      .map((step) => plannedKey(step.task.id, step.host, step.item)),
    mayChange: [...new Set(changing.flatMap((step) => [step.on, ...(step.members ?? [])]))],
    unreachable: plan.unreachable.map(({ host }) => host),
  };
}

/** Nobody has approved what would be done there: for this run they are out of reach, as they were when it began. */
export function leaveOut({ contacts }: Run, hosts: readonly string[]): void {
  for (const host of hosts)
    contacts.lose(host, `${host} was not in the plan of this run, it could not be reached: apply for it`);
}

/** Holds all hosts that may be changed, or says why not. The journal gets to know what they were like. */
export async function holdHosts(run: Run, hosts: readonly string[]): Promise<Outcome | undefined> {
  for (const host of run.ground.inventory.hosts) {
    const hello = run.ground.hello(host.name);
    if (hello && run.past.noteHello(host.name, hello))
      void run.journal.record({ type: 'host-reached', host: host.name, hello });
  }
  try {
    const waiting = (held: Held): void =>
      run.emit({ type: 'warning', text: `waiting for ${held.host}: ${heldText(held)}` });
    await run.journal.record({ type: 'leases-wanted', hosts });
    const known = new Set(run.ground.inventory.hosts.map(({ name }) => name));
    await run.contacts.reach(hosts.filter((host) => known.has(host)));
    const held = await run.leases.takeAll(hosts, waiting, run.signal);
    if (!held) return undefined;
    for (const play of run.playbook.plays) for (const host of play.batches.flat()) run.recaps.see(host);
    run.emit({
      type: 'warning',
      text: `nothing was done: ${held.host} is ${heldText(held)}; ${afterHeld(held)}`,
    });
    return finish(run, 'leased');
  } catch (error) {
    if (!isUnreachable(error)) throw error;
    run.contacts.lose(error.host, error.message);
    return finish(run, 'unreachable');
  }
}
