import type { Diagnostic, Position } from './diagnostic.ts';
import type { Play, Task } from './task.ts';
import type { Value } from './value.ts';

export const PARAM_TYPES = [
  'string',
  'integer',
  'number',
  'boolean',
  'host',
  'group',
  'path',
  'timestamp',
  'duration',
  'size',
  'lsn',
] as const;
export type ParamType = (typeof PARAM_TYPES)[number];

/** A parameter of a runbook, with what was given for it (Unknown while a runbook is only validated). */
export interface Param {
  readonly name: string;
  readonly type: ParamType;
  readonly description: string;
  readonly value: Value;
}

/** What the recovery is measured against. Milliseconds. */
export interface Objectives {
  readonly rtoMs?: number;
  readonly rpoMs?: number;
}

/** Which step, for events and messages. */
export interface StepRef {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly file: string;
  readonly line: number;
}

/** What a step had to say though it did not fail: said again when the run ends. */
export interface Advice {
  readonly step: StepRef;
  readonly hosts: readonly string[];
  readonly text: string;
}

/** What one condition came to, and on which hosts it was the same. */
export interface Judgement {
  readonly expression: string;
  readonly hosts: readonly string[];
  /** `unknown`: it depends on what has not been done yet. `unseen`: what it judges could not be looked at. */
  readonly state: 'holds' | 'broken' | 'unknown' | 'unseen';
  /** What it read, where it does not hold. */
  readonly seen?: string;
  /** What to do instead. */
  readonly msg?: string;
  /** For `unknown` and `unseen`: why. */
  readonly reason?: string;
}

export type CheckKind = 'invariant' | 'guard' | 'verify';

/** Conditions that must hold, and what is looked at before each time that they are judged. */
export interface Checks {
  /** Tasks that only read; what they register is seen by the conditions. */
  readonly look: Play | undefined;
  /** Each renders `{ that: [{ expression, holds }], msg }` on every host of its play. */
  readonly conditions: Play;
}

/** Holds before the first step and after every one. */
export interface Invariant extends Checks {
  /** Before each step that is taken back, too. */
  readonly whenGoingBack: boolean;
}

/** Becomes true within a time, or the step has not succeeded. */
export interface Verify extends Checks {
  readonly withinMs: number;
  readonly everyMs: number;
}

/** One step of a runbook. */
export interface Step {
  /** Stable across runs of an unchanged runbook: `s3`. */
  readonly id: string;
  /** Counted from 1. */
  readonly number: number;
  readonly name: string;
  readonly description: string;
  readonly position: Position;
  /** Without those that are lost; empty: the step has nothing to do. */
  readonly hosts: readonly string[];
  /** Renders one item whose `when` says whether a host takes part. */
  readonly when: Task | undefined;
  /** Read-only tasks whose registers all of the step may read. */
  readonly look: Play | undefined;
  readonly guard: Checks | undefined;
  /** Renders `{ text, message }`. */
  readonly confirm: Task | undefined;
  /** After it the way back is closed, unless it has an `undo`: then it is another one. */
  readonly pointOfNoReturn: boolean;
  readonly play: Play;
  readonly verify: Verify | undefined;
  readonly timeoutMs: number | undefined;
  /** Hosts that cannot be reached when it begins take no part, and that is said. */
  readonly ignoresUnreachable: boolean;
  readonly onFailure: 'stop' | 'continue' | Play;
  /** What takes it back: a step of its own. */
  readonly undo: Step | undefined;
  /** What it registers, and which registers of other steps it reads. */
  readonly registers: readonly string[];
  readonly reads: readonly string[];
}

/** Steps that lead from one state to another, with what must hold on the way. */
export interface Runbook {
  readonly file: string;
  readonly name: string;
  readonly description: string;
  readonly params: readonly Param[];
  readonly objectives: Objectives;
  readonly invariants: readonly Invariant[];
  readonly steps: readonly Step[];
  /** Hosts that were declared gone for good. */
  readonly lost: readonly string[];
  readonly warnings: readonly Diagnostic[];
}

/** Once it has begun nothing before it is taken back. */
export function hasNoReturn({ pointOfNoReturn, undo }: Step): boolean {
  return pointOfNoReturn && undo === undefined;
}
