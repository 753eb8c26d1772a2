import type { RunEvent } from '../core/event.ts';
import type { Journal } from '../core/journal.ts';
import type { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import type { Advice, Judgement, Runbook, Step, StepRef } from '../core/runbook.ts';
import type { Engine } from './engine.ts';
import type { Recaps } from './recaps.ts';
import type { Registers } from './registers.ts';
import type { Clock } from './run.ts';
import type { RunbookPast } from './runbook-record.ts';

/** What has to be typed before a step, and what is said first. */
export interface Confirmation {
  readonly text: string;
  readonly message?: string;
}

/** The person who runs a runbook. */
export interface Operator {
  /** Sees what a step will do before anything of it is done. */
  show(step: Step, planned: Plan): void;
  /** Whether to go on with this step. */
  proceed(step: Step): Promise<boolean>;
  /** Whether the text was typed, or given with the command line; undefined when it was not. */
  confirm(step: Step, confirmation: Confirmation): Promise<'typed' | 'option' | undefined>;
}

/** Everything that a run of a runbook carries along. */
export interface RunbookContext {
  readonly runbook: Runbook;
  readonly engine: Engine;
  readonly registers: Registers;
  readonly recaps: Recaps;
  readonly journal: Journal;
  readonly masker: Masker;
  /** How far it had come before it was taken up. */
  readonly past: RunbookPast;
  /** All hosts of the inventory but the lost ones. */
  readonly hosts: readonly string[];
  /** What the steps have said so far. */
  readonly advice: Advice[];
  readonly operator: Operator;
  readonly clock: Clock;
  /** Given by the operator: begin nothing new. */
  readonly signal: AbortSignal;
  emit(event: RunEvent): void;
  /** How a host that was declared gone shows that it is not; undefined when it is silent. */
  answers(host: string): Promise<string | undefined>;
}

/** How a step ended, and what was last seen where it did not end well. */
export interface StepEnd {
  readonly outcome: Outcome | 'skipped';
  readonly reason?: string;
  readonly judgements?: readonly Judgement[];
}

export function stepRef({ file }: Runbook, { id, number, name, position }: Step): StepRef {
  return { id, number, name, file, line: position.line };
}
