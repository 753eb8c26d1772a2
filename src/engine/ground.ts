import type { AnyFactKind } from '../core/fact.ts';
import type { Hello } from '../core/host.ts';
import type { AnyResource } from '../core/resource.ts';
import type { Inventory } from '../core/task.ts';
import { Unknown, type Value } from '../core/value.ts';
import type { FactStore } from './fact-store.ts';

/** What every judgement stands on: what can be declared, what can be looked at, what was seen. */
export interface Ground {
  readonly resources: ReadonlyMap<string, AnyResource>;
  readonly kinds: ReadonlyMap<string, AnyFactKind>;
  readonly inventory: Inventory;
  readonly facts: FactStore;
  /** What the host said of itself; undefined when it was not reached. */
  hello(host: string): Hello | undefined;
}

/** `facts.*` as the language sees it. */
export function factsOf(ground: Ground, host: string): Value {
  const hello = ground.hello(host);
  return hello ? ({ ...hello } as unknown as Value) : new Unknown(`${host} is reached`);
}
