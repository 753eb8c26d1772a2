import type { Change } from './change.ts';
import type { Command, CommandResult } from './command.ts';
import type { FactRequest, FactView, FarRequest, Prediction } from './fact.ts';
import type { Touch } from './touch.ts';
import type { Json, Value } from './value.ts';

/** JSON Schema, draft 2020-12, with our keywords (`x-known-as`, `x-secret`, `x-internal`, `x-written`); a description on every property. */
export type JsonSchema = { readonly [key: string]: Json };

export type ResourceScope = 'host' | 'cluster' | 'controller';

/** A sample of use: `yaml` is a list of tasks. */
export interface Example {
  readonly title: string;
  readonly yaml: string;
}

/**
 * A kind of thing that can be declared (a resource) or done (an action). Every method is pure: no
 * connection, no clock, no file system. The engine looks, compares, runs and looks again.
 *
 * `Args` are checked against `schema`; unknown arguments never reach `diff` (the engine answers
 * "unknown" itself), and `needs` may read only the arguments named in `identity`.
 */
export interface Resource<Args = never, Result = unknown> {
  readonly name: string;
  readonly kind: 'resource' | 'action';
  readonly scope: ResourceScope;
  /** It has nothing to do but to look: it may stand in the `look` of a runbook. */
  readonly onlyLooks?: true;
  /** One sentence for the reference pages. */
  readonly summary: string;
  /** For the reference pages; each is loaded by a test. */
  readonly examples?: readonly Example[];
  readonly schema: JsonSchema;
  /** Shape of what `register` keeps; it types the conditions. */
  readonly result: JsonSchema;
  /** The argument that a task written as a single string stands for (`command: ls`). */
  readonly shorthand?: string;
  /** Arguments that must be known to look at all. */
  readonly identity: readonly string[];
  /** For cluster scope: the argument that names the group of members. */
  readonly membersFrom?: string;
  /** For cluster scope: in how many rounds of looking and doing it converges; 1 when absent. */
  readonly rounds?: number;

  /** Two tasks with one address manage one thing. */
  address(args: Args): string;
  needs(args: Args): readonly FactRequest[];
  /** Facts of other hosts: it waits until all hosts have done what is before it, and they wait for it. */
  needsElsewhere?(args: Args): readonly FarRequest[];
  /** More to look at once a change is sure, to show it better (the old content of a file). */
  detail?(args: Args, change: Change): readonly FactRequest[];
  diff(args: Args, facts: FactView): Change;
  commands(args: Args, change: Change, facts: FactView): readonly Command[];
  touches(args: Args, change: Change): readonly Touch[];
  predict?(args: Args, change: Change): readonly Prediction[];
  /** What `register` keeps; `outputs` is empty when nothing had to be done. */
  registered(args: Args, change: Change, outputs: readonly CommandResult[], facts: FactView): Result;
  /** For `await` commands: whether the wait is over, and what was last seen. */
  met?(args: Args, facts: FactView): { readonly met: boolean; readonly seen: string };
}

/** Any resource, for registries and the engine. */
// biome-ignore lint/suspicious/noExplicitAny: a registry holds resources of all argument types; schemas check them
export type AnyResource = Resource<any, Value>;
