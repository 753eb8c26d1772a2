import type { JsonSchema, ResourceScope } from '../core/resource.ts';

/** What the language needs to know of a resource; core's `Resource` is one. */
export interface ResourceSchema {
  readonly name: string;
  readonly kind: 'resource' | 'action';
  readonly scope: ResourceScope;
  /** It has nothing to do but to look. */
  readonly onlyLooks?: true;
  readonly schema: JsonSchema;
  readonly result: JsonSchema;
  /** The argument that a task written as a single text stands for. */
  readonly shorthand?: string;
}

/** Ends a batch of work: handlers notified so far run here. The engine's own, without arguments. */
export const FLUSH_HANDLERS: ResourceSchema = {
  name: 'flush_handlers',
  kind: 'action',
  scope: 'host',
  schema: { type: 'object', additionalProperties: false },
  result: { type: 'object' },
};
