import type { Task } from '../core/task.ts';
import type { Value } from '../core/value.ts';

/** What is registered of a task that was left out: its block failed before it, or did not fail and it would have rescued it. */
const LEFT_OUT: Value = { results: [], changed: false, failed: false, skipped: true };

type Kept = { readonly [name: string]: Value };

/** What tasks have registered, as each host sees it. */
export class Registers {
  readonly #kept = new Map<string, Kept>();
  /** Names that something sensitive was registered under. */
  readonly #closed = new Set<string>();

  of(host: string): Kept {
    return this.#kept.get(host) ?? {};
  }

  set(host: string, name: string, value: Value): void {
    this.#kept.set(host, { ...this.of(host), [name]: value });
  }

  /** What is registered under this name is sensitive: it may be read, but is never written down. */
  close(name: string): void {
    this.#closed.add(name);
  }

  isClosed(name: string): boolean {
    return this.#closed.has(name);
  }

  /** A task that is left out says so, unless another one has registered something there. */
  passOver(host: string, { register }: Task): void {
    if (register !== undefined && !Object.hasOwn(this.of(host), register)) this.set(host, register, LEFT_OUT);
  }

  /** Those that have something. */
  hosts(): string[] {
    return [...this.#kept.keys()];
  }

  copy(): Registers {
    const copy = new Registers();
    for (const [host, kept] of this.#kept) copy.#kept.set(host, kept);
    for (const name of this.#closed) copy.close(name);
    return copy;
  }
}
