import type { Outcome } from '../core/outcome.ts';
import type { Args, CommandSpec } from './args.ts';

/** A command with options of ours; its code is loaded only when it is called. */
export interface Command {
  readonly spec: CommandSpec;
  load(): Promise<(args: Args) => Promise<Outcome>>;
}
