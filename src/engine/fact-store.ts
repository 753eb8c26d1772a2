import { type FactRequest, factKey, type Looked } from '../core/fact.ts';

/** A fact to be looked at, and by which account; absent: the session's own. */
export interface Wanted {
  readonly request: FactRequest;
  readonly as?: string;
}

/** What was seen, host by host and by which account, and what still has to be looked at. */
export class FactStore {
  readonly #seen = new Map<string, Map<string, Looked<unknown>>>();
  readonly #wanted = new Map<string, Map<string, Wanted>>();

  /** What was seen; undefined, and noted as wanted, when nobody has looked yet. */
  get(host: string, wanted: Wanted): Looked<unknown> | undefined {
    const seen = this.#seen.get(host)?.get(keyOf(wanted));
    if (seen === undefined) this.want(host, wanted);
    return seen;
  }

  want(host: string, one: Wanted): void {
    const key = keyOf(one);
    if (this.#seen.get(host)?.has(key)) return;
    const wanted = this.#wanted.get(host) ?? new Map<string, Wanted>();
    this.#wanted.set(host, wanted.set(key, one));
  }

  put(host: string, wanted: Wanted, looked: Looked<unknown>): void {
    const seen = this.#seen.get(host) ?? new Map<string, Looked<unknown>>();
    this.#seen.set(host, seen.set(keyOf(wanted), looked));
  }

  /** Hands over what is wanted on these hosts, and forgets that it was. */
  takeWanted(hosts?: Iterable<string>): Map<string, Wanted[]> {
    const taken = new Map<string, Wanted[]>();
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

function keyOf({ request, as }: Wanted): string {
  return `${as ?? ''} ${factKey(request)}`;
}
