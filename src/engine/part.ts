import type { RunEvent } from '../core/event.ts';
import type { Play, Playbook } from '../core/task.ts';
import type { Recaps } from './recaps.ts';
import { Registers } from './registers.ts';

/** A piece of work that an engine plans and applies by itself, on what was registered before it. */
export interface Part {
  readonly playbook: Playbook;
  /** What may be read, and where what is registered is kept. */
  readonly registers: Registers;
  readonly recaps?: Recaps;
  /** Begins nothing new once it is given; beside the engine's own. */
  readonly signal?: AbortSignal;
  /** What was recorded of it in an earlier session does not count: it is done from its beginning. */
  readonly isFresh?: boolean;
  /** Takes the events instead of the engine's own listener. */
  emit?(event: RunEvent): void;
}

export function partOf(file: string, play: Play, registers: Registers, more: Partial<Part> = {}): Part {
  return { playbook: { file, plays: [play], warnings: [] }, registers, ...more };
}

/** A whole playbook, on nothing. */
export function wholePart(playbook: Playbook): Part {
  return { playbook, registers: new Registers() };
}
