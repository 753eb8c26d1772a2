import type { Value } from '../core/value.ts';

type Kept = { readonly [name: string]: Value };

/** What tasks have registered, as each host sees it. */
export class Registers {
  readonly #kept = new Map<string, Kept>();

  of(host: string): Kept {
    return this.#kept.get(host) ?? {};
  }

  set(host: string, name: string, value: Value): void {
    this.#kept.set(host, { ...this.of(host), [name]: value });
  }

  copy(): Registers {
    const copy = new Registers();
    for (const [host, kept] of this.#kept) copy.#kept.set(host, kept);
    return copy;
  }
}
