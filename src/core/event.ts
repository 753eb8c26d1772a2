import type { Change } from './change.ts';
import type { Outcome } from './outcome.ts';
import type { TaskRef } from './plan.ts';
import type { CheckKind, Judgement, Objectives, StepRef } from './runbook.ts';

/** Everything a DBA needs when a task did not work. Secrets are masked already. */
export interface Failure {
  readonly outcome: Outcome;
  readonly message: string;
  /** The command as run, its exit status, the end of its stderr and stdout. */
  readonly command?: string;
  readonly status?: number | null;
  readonly stderr?: string;
  readonly stdout?: string;
  /** What to type or do next. */
  readonly next?: string;
}

/** `rescued`: it failed in a block that rescues; `unknown`: contact was lost before it could be looked at again. */
export type StepOutcome =
  | 'ok'
  | 'changed'
  | 'skipped'
  | 'failed'
  | 'rescued'
  | 'ignored'
  | 'unreachable'
  | 'unknown';

export interface Recap {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
  readonly skipped: number;
  readonly rescued: number;
  readonly ignored: number;
}

/** What happens in a run, in order. The report renders it, a journal keeps it. */
export type RunEvent =
  | { readonly type: 'connecting'; readonly host: string }
  | { readonly type: 'connected'; readonly host: string }
  | { readonly type: 'unreachable'; readonly host: string; readonly reason: string }
  | { readonly type: 'looking'; readonly host: string; readonly facts: number }
  | { readonly type: 'play'; readonly name: string; readonly hosts: readonly string[] }
  /** A task begins on a host, with what it will run. */
  | {
      readonly type: 'begin';
      readonly host: string;
      readonly task: TaskRef;
      readonly item: string;
      readonly display: string;
      readonly handler: boolean;
    }
  | {
      readonly type: 'output';
      readonly host: string;
      readonly task: TaskRef;
      readonly item: string;
      readonly stream: 'stdout' | 'stderr';
      readonly text: string;
    }
  /** One live line: what a wait last saw, a retry, contact lost or regained. */
  | { readonly type: 'status'; readonly host: string; readonly task: TaskRef; readonly text: string }
  | {
      readonly type: 'end';
      readonly host: string;
      readonly task: TaskRef;
      readonly item: string;
      readonly address: string;
      readonly outcome: StepOutcome;
      readonly change: Change;
      readonly reason?: string;
      readonly failure?: Failure;
      readonly durationMs: number;
      readonly handler: boolean;
      readonly sensitive: boolean;
    }
  | { readonly type: 'warning'; readonly text: string }
  /** What `advise` says, or a step that goes without a host. `isTold`: the plan that was shown has said it. */
  | {
      readonly type: 'advice';
      /** Absent in a playbook. */
      readonly step?: StepRef;
      readonly host: string;
      readonly text: string;
      readonly isTold: boolean;
    }
  /** A runbook begins: all that will be shown of it while it runs. */
  | {
      readonly type: 'runbook';
      readonly name: string;
      readonly steps: readonly StepRef[];
      readonly objectives: Objectives;
    }
  | {
      readonly type: 'step';
      readonly step: StepRef;
      readonly hosts: readonly string[];
      readonly undo: boolean;
    }
  | {
      readonly type: 'judged';
      readonly what: CheckKind;
      readonly step: StepRef;
      readonly judgements: readonly Judgement[];
    }
  /** One live line: what `verify` last saw. */
  | { readonly type: 'watching'; readonly step: StepRef; readonly text: string }
  | {
      readonly type: 'confirmed';
      /** Absent for what is said of a host (`--lost`). */
      readonly step?: StepRef;
      readonly text: string;
      readonly how: 'typed' | 'option';
    }
  | {
      readonly type: 'step-ended';
      readonly step: StepRef;
      readonly outcome: Outcome | 'skipped';
      readonly reason?: string;
      readonly durationMs: number;
      readonly undo: boolean;
    }
  | {
      readonly type: 'finished';
      readonly outcome: Outcome;
      readonly recap: { readonly [host: string]: Recap };
      readonly pendingHandlers: { readonly [host: string]: readonly string[] };
    };
