import type { Playbook } from '../core/task.ts';
import type { Contacts } from './contacts.ts';
import type { Ground } from './ground.ts';
import { handlerKey, keepersFromBefore } from './handler-key.ts';

/** Which hosts keep a note that a handler is due: those of earlier runs, and those that this run has written. */
export class KeptNotes {
  readonly #ground: Ground;
  readonly #playbook: Playbook;
  readonly #contacts: Contacts;
  readonly #keepers = new Map<string, Set<string>>();

  constructor(ground: Ground, playbook: Playbook, contacts: Contacts) {
    this.#ground = ground;
    this.#playbook = playbook;
    this.#contacts = contacts;
  }

  isKept(name: string, host: string): boolean {
    return this.#of(name, host).size > 0;
  }

  written(name: string, host: string, keeper: string): void {
    this.#of(name, host).add(keeper);
  }

  /** Removes the notes wherever they are kept. */
  async strike(names: readonly string[], host: string): Promise<void> {
    const byKeeper = new Map<string, string[]>();
    for (const name of names) {
      for (const keeper of this.#of(name, host)) {
        const key = handlerKey(this.#playbook, { name }, host, keeper);
        byKeeper.set(keeper, [...(byKeeper.get(keeper) ?? []), key]);
      }
      this.#of(name, host).clear();
    }
    for (const [keeper, keys] of byKeeper)
      await this.#contacts.attempt(keeper, async (session) => session?.strike(keys));
  }

  #of(name: string, host: string): Set<string> {
    const key = JSON.stringify([name, host]);
    const known = this.#keepers.get(key);
    if (known) return known;
    const found = new Set(keepersFromBefore(this.#ground, this.#playbook, { name }, host));
    this.#keepers.set(key, found);
    return found;
  }
}
