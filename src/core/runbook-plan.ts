import type { PlannedPlay } from './plan.ts';
import type { Judgement, Objectives, StepRef } from './runbook.ts';

/** What a step comes to as things are now; what earlier steps change may make it another. */
export interface RunbookPlanStep {
  readonly step: StepRef;
  readonly description: string;
  readonly hosts: readonly string[];
  /** It would not begin, and why; or whether it would is not known yet. */
  readonly skipped?: string;
  /** Earlier steps have something to do, so that this one is only as things are now. */
  readonly isLater: boolean;
  /** What is looked at for them, as its tasks declare it. */
  readonly looks: readonly string[];
  readonly guards: readonly Judgement[];
  readonly confirm?: { readonly text: string; readonly message?: string };
  readonly pointOfNoReturn: boolean;
  /** How many tasks it has, whatever they come to. */
  readonly tasks: number;
  readonly play: PlannedPlay;
  /** What its tasks declare, `TASK HOST ITEM` to text, for those that need no command as things are now. */
  readonly declared: { readonly [key: string]: string };
  readonly verify?: {
    readonly conditions: readonly { readonly expression: string; readonly msg?: string }[];
    readonly withinMs: number;
  };
  readonly timeoutMs?: number;
  /** How to go back; absent: there is no way back. */
  readonly undo?: RunbookPlanStep;
}

/** A runbook as it would run now: a value, made without changing anything. */
export interface RunbookPlan {
  readonly schema: 'fanops/runbook-plan/1';
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly params: readonly { readonly name: string; readonly description: string; readonly value: string }[];
  readonly objectives: Objectives;
  readonly lost: readonly string[];
  readonly invariants: readonly Judgement[];
  readonly steps: readonly RunbookPlanStep[];
  readonly unreachable: readonly { readonly host: string; readonly reason: string }[];
}

export function declaredKey(task: string, host: string, item: string): string {
  return JSON.stringify([task, host, item]);
}
