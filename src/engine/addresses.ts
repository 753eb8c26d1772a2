import { mistake } from '../core/diagnostic.ts';
import { freeze, memoryVault } from '../core/json.ts';
import { unknownIn } from '../core/value.ts';
import type { Decision } from './decision.ts';

interface Declared {
  readonly decision: Decision;
  readonly args: { readonly [name: string]: unknown };
}

/** One thing must not be declared twice in one play with different desired states. */
export class Addresses {
  readonly #declared = new Map<string, Declared>();
  readonly #vault = memoryVault('addresses');

  newPlay(): void {
    this.#declared.clear();
  }

  check(decision: Decision): void {
    if (decision.resource.kind !== 'resource' || decision.skipped !== undefined || !decision.item) return;
    const key = `${decision.on} ${decision.address}`;
    const before = this.#declared.get(key);
    const field = before && this.#conflict(before, decision);
    if (before && field !== undefined) throw declaredTwice(before.decision, decision, field);
    this.#declared.set(key, { decision, args: { ...before?.args, ...decision.args } });
  }

  #conflict(before: Declared, decision: Decision): string | undefined {
    return Object.entries(decision.args)
      .filter(([name, value]) => name in before.args && !unknownIn(value))
      .find(([name, value]) => this.#text(before.args[name]) !== this.#text(value))?.[0];
  }

  #text(value: unknown): string {
    return JSON.stringify(freeze(value, this.#vault));
  }
}

function declaredTwice(first: Decision, second: Decision, field: string): Error {
  const where = first.task.position;
  return mistake(
    `${second.address} on ${second.on} is declared twice in one play with a different "${field}": first by "${first.task.name}" (${where.file}:${where.line}), then by "${second.task.name}"`,
    { position: second.task.position, hint: 'merge the two tasks, or move one into a later play' },
  );
}
