import type { Journal } from '../core/journal.ts';
import type { Playbook } from '../core/task.ts';
import type { Contacts } from './contacts.ts';
import type { Ground } from './ground.ts';
import { handlerKey, keepersFromBefore } from './handler-key.ts';
import type { Past } from './past.ts';

/** Which hosts keep a note that a handler is due: those of earlier runs, and those that this run has written. */
export class KeptNotes {
  readonly #ground: Ground;
  readonly #playbook: Playbook;
  readonly #contacts: Contacts;
  readonly #journal: Journal;
  readonly #past: Past;
  readonly #keepers = new Map<string, Set<string>>();

  constructor(ground: Ground, playbook: Playbook, contacts: Contacts, journal: Journal, past: Past) {
    this.#journal = journal;
    this.#past = past;
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
    const struck: string[] = [];
    const byKeeper = new Map<string, string[]>();
    for (const name of names) {
      const kept = this.#of(name, host);
      if (kept.size > 0 && !this.#past.takeMark({ type: 'handler-done', handler: name, host }))
        struck.push(name);
      for (const keeper of struck.includes(name) ? kept : []) {
        const key = handlerKey(this.#playbook, { name }, host, keeper);
        byKeeper.set(keeper, [...(byKeeper.get(keeper) ?? []), key]);
      }
      kept.clear();
    }
    for (const [keeper, keys] of byKeeper)
      await this.#contacts.attempt(keeper, async (session) => session?.strike(keys));
    if ([...byKeeper.keys()].some((keeper) => this.#contacts.whyLost(keeper) !== undefined)) return;
    for (const handler of struck) void this.#journal.record({ type: 'handler-done', handler, host });
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
