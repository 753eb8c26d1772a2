import type { Position } from '../core/diagnostic.ts';
import type { Layer } from './definitions.ts';
import type { Inherited } from './inherited.ts';
import type { Located, LocatedMapping, LocatedScalar } from './located.ts';
import type { ResourceSchema } from './resource-schema.ts';

/** A play as written, its keys checked and nothing rendered. */
export interface PlayDraft {
  readonly id: string;
  readonly name: string;
  readonly position: Position;
  /** The hosts before the limit, in the order of the inventory. */
  readonly hosts: readonly string[];
  readonly serial: Located | undefined;
  readonly maxFailPercentage: number | undefined;
  readonly ignoresUnreachable: boolean;
  readonly onlyLooks: boolean;
  readonly defaults: Layer;
  readonly vars: Layer;
  readonly tasks: readonly TaskDraft[];
  readonly handlers: readonly TaskDraft[];
  /** Where its files are looked for: the folder of its playbook, counted from that of the main one. */
  readonly folder: string;
  /** Variables of the imports around it, stronger than its own. */
  readonly around: Layer;
}

/** A task as written, its keys checked and nothing rendered. */
export interface TaskDraft extends Inherited {
  readonly id: string;
  readonly number: number;
  readonly name: string;
  readonly position: Position;
  readonly resource: ResourceSchema;
  /** Where the name of the resource stands. */
  readonly resourcePosition: Position;
  readonly args: LocatedMapping;
  /** Its keys or arguments are not what they should be: trying it out would only tell of the consequences. */
  readonly isBroken: boolean;
  readonly until: readonly Located[];
  readonly changedWhen: readonly Located[];
  readonly failedWhen: readonly Located[];
  readonly loop: Located | undefined;
  readonly loopVariable: string;
  readonly loopLabel: LocatedScalar | undefined;
  readonly register: string | undefined;
  readonly registerPosition: Position;
  readonly retry: { readonly retries: number; readonly delayMs: number } | undefined;
  /** Topics that a handler listens to, beside its name. */
  readonly listen: readonly LocatedScalar[];
  readonly touches: readonly LocatedScalar[] | undefined;
}
