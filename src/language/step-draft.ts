import type { Position } from '../core/diagnostic.ts';
import type { PlayDraft } from './draft.ts';

/** What is looked at, and the conditions judged after it. */
export interface ChecksDraft {
  readonly look: PlayDraft | undefined;
  readonly conditions: PlayDraft;
}

export interface InvariantDraft extends ChecksDraft {
  readonly whenGoingBack: boolean;
}

export interface VerifyDraft extends ChecksDraft {
  readonly withinMs: number;
  readonly everyMs: number;
}

/** A step as written: its blocks of tasks as plays of their own, all on the step's hosts. */
export interface StepDraft {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly description: string;
  readonly position: Position;
  readonly when: PlayDraft | undefined;
  readonly look: PlayDraft | undefined;
  readonly guard: PlayDraft | undefined;
  readonly confirm: PlayDraft | undefined;
  readonly pointOfNoReturn: boolean;
  readonly body: PlayDraft;
  readonly verify: VerifyDraft | undefined;
  readonly timeoutMs: number | undefined;
  readonly ignoresUnreachable: boolean;
  readonly onFailure: 'stop' | 'continue' | PlayDraft;
  readonly undo: StepDraft | undefined;
}

/** The plays of a step in the order in which they see each other's registers; what takes it back is not among them. */
export function playsOf({ look, when, guard, confirm, body, verify }: StepDraft): PlayDraft[] {
  return [look, when, guard, confirm, body, verify?.look, verify?.conditions].filter(
    (play) => play !== undefined,
  );
}
