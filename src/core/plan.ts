import type { Change } from './change.ts';

/** Which task, for plans, events and messages. */
export interface TaskRef {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly resource: string;
  readonly file: string;
  readonly line: number;
}

/** What one item of one task comes to on one host. */
export interface PlannedStep {
  readonly task: TaskRef;
  readonly host: string;
  /** Where it is done, when delegated or of cluster scope. */
  readonly on: string;
  /** Of cluster scope: all that it may change. */
  readonly members?: readonly string[];
  readonly item: string;
  readonly address: string;
  readonly change: Change;
  readonly skipped?: string;
  /** It rescues a block: it runs only where a task of the block fails, which one without any change cannot. */
  readonly rescue?: 'perhaps' | 'needless';
  /** A handler: runs only because a change notifies it (or an earlier run left it pending). */
  readonly handler?: 'notified' | 'pending' | 'perhaps';
  /** The commands as they would run, without secrets. */
  readonly commands: readonly string[];
  readonly sensitive: boolean;
}

export interface PlannedPlay {
  readonly id: string;
  readonly name: string;
  readonly hosts: readonly string[];
  readonly steps: readonly PlannedStep[];
}

/** The plan: a value. Deterministic: sorted by task, host, item; no clock in it. */
export interface Plan {
  readonly schema: 'fanops/plan/1';
  readonly playbook: string;
  readonly plays: readonly PlannedPlay[];
  readonly unreachable: readonly { readonly host: string; readonly reason: string }[];
  readonly warnings: readonly string[];
}

export interface PlanSummary {
  readonly create: number;
  readonly update: number;
  readonly delete: number;
  readonly run: number;
  readonly unknown: number;
  readonly blocked: number;
  readonly none: number;
  readonly skipped: number;
}

export function summarize(plan: Plan): PlanSummary {
  const count = { create: 0, update: 0, delete: 0, run: 0, unknown: 0, blocked: 0, none: 0, skipped: 0 };
  for (const play of plan.plays)
    for (const step of play.steps.filter(({ rescue }) => rescue === undefined))
      count[step.skipped === undefined ? step.change.action : 'skipped'] += 1;
  return count;
}
