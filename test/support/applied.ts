import * as assert from 'node:assert/strict';
import type { RunEvent } from '../../src/core/event.ts';
import type { Outcome } from '../../src/core/outcome.ts';
import type { Plan } from '../../src/core/plan.ts';
import { type LocalHosts, localHosts, localRun } from './local-run.ts';

export interface Done {
  readonly plan: Plan;
  readonly outcome: Outcome;
  readonly events: readonly RunEvent[];
}

/** Plans and applies a playbook; `between` happens after the plan was made. */
export async function applied(
  hosts: LocalHosts,
  playbook: string,
  between: () => void = () => {},
): Promise<Done> {
  const run = localRun(hosts, playbook);
  try {
    const plan = await run.plan();
    between();
    return { plan, outcome: await run.apply(plan), events: run.events };
  } finally {
    await run.close();
  }
}

export async function withHosts(count: number, act: (hosts: LocalHosts) => Promise<void>): Promise<void> {
  const hosts = localHosts(count);
  try {
    await act(hosts);
  } finally {
    hosts.remove();
  }
}

export function actions(plan: Plan): string[] {
  return plan.plays
    .flatMap((p) => p.steps)
    .map((s) => `${s.host} ${s.task.name}: ${s.skipped ?? s.change.action}`);
}

export function ends(events: readonly RunEvent[]): string[] {
  const ended = events.filter((e) => e.type === 'end');
  const inOrder = ended.toSorted((a, b) => a.task.number - b.task.number || a.host.localeCompare(b.host));
  return inOrder.map((e) => `${e.host} ${e.task.name}: ${e.outcome}`);
}

export function recap(events: readonly RunEvent[]) {
  const end = events.find((e) => e.type === 'finished');
  assert.ok(end?.type === 'finished');
  return end;
}

export function failure(events: readonly RunEvent[]) {
  const end = events.find((e) => e.type === 'end' && e.failure);
  assert.ok(end?.type === 'end' && end.failure, 'nothing failed');
  return end.failure;
}
