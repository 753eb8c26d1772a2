import { type FactRequest, factKey, type Looked } from '../core/fact.ts';

/** What was seen, host by host, and what still has to be looked at. */
export class FactStore {
  readonly #seen = new Map<string, Map<string, Looked<unknown>>>();
  readonly #wanted = new Map<string, Map<string, FactRequest>>();

  /** What was seen; undefined, and noted as wanted, when nobody has looked yet. */
  get(host: string, request: FactRequest): Looked<unknown> | undefined {
    const seen = this.#seen.get(host)?.get(factKey(request));
    if (seen === undefined) this.want(host, request);
    return seen;
  }

  want(host: string, request: FactRequest): void {
    const key = factKey(request);
    if (this.#seen.get(host)?.has(key)) return;
    const wanted = this.#wanted.get(host) ?? new Map<string, FactRequest>();
    this.#wanted.set(host, wanted.set(key, request));
  }

  put(host: string, request: FactRequest, looked: Looked<unknown>): void {
    const seen = this.#seen.get(host) ?? new Map<string, Looked<unknown>>();
    this.#seen.set(host, seen.set(factKey(request), looked));
  }

  /** Hands over what is wanted on these hosts, and forgets that it was. */
  takeWanted(hosts?: Iterable<string>): Map<string, FactRequest[]> {
    const taken = new Map<string, FactRequest[]>();
    for (const host of hosts ?? [...this.#wanted.keys()]) {
      const wanted = this.#wanted.get(host);
      if (wanted?.size) taken.set(host, [...wanted.values()]);
      this.#wanted.delete(host);
    }
    return taken;
  }

  /** What was seen before a change is not known any more. */
  forget(host?: string): void {
    if (host === undefined) this.#seen.clear();
    else this.#seen.delete(host);
  }
}
