import type { Play, Task } from '../core/task.ts';
import type { CarriedOut } from './host-walk.ts';
import type { KeptNotes } from './kept-notes.ts';

/** Which handlers are due on which hosts: notified in this run, or left pending on a host by an earlier one. */
export class Notified {
  readonly #notes: KeptNotes;
  readonly #due = new Map<string, Set<string>>();

  constructor(notes: KeptNotes, play: Play, hosts: readonly string[]) {
    this.#notes = notes;
    for (const handler of play.handlers)
      for (const host of hosts) if (notes.isKept(handler.name, host)) this.#note(handler.name, host);
  }

  /** Takes in what tasks did; a note that was made for a change that turned out to be none is struck off. */
  async takeIn(carriedOut: readonly CarriedOut[]): Promise<void> {
    for (const { decision, keepers, effect } of carriedOut)
      for (const name of decision.task.notify) {
        for (const keeper of keepers) this.#notes.written(name, decision.host, keeper);
        if (effect !== 'none') this.#note(name, decision.host);
      }
    for (const { decision } of carriedOut) {
      const spurious = decision.task.notify.filter((name) => !this.#isDue(name, decision.host));
      if (spurious.length) await this.#notes.strike(spurious, decision.host);
    }
  }

  hostsFor(handler: Task, hosts: readonly string[]): readonly string[] {
    return hosts.filter((host) => this.#isDue(handler.name, host));
  }

  async done(handler: Task, host: string): Promise<void> {
    this.#due.get(handler.name)?.delete(host);
    await this.#notes.strike([handler.name], host);
  }

  /** What is still due, by host. */
  left(): { readonly [host: string]: readonly string[] } {
    const left: { [host: string]: string[] } = {};
    for (const [name, hosts] of this.#due)
      for (const host of hosts) {
        left[host] ??= [];
        left[host].push(name);
      }
    return left;
  }

  #isDue(name: string, host: string): boolean {
    return this.#due.get(name)?.has(host) ?? false;
  }

  #note(name: string, host: string): void {
    const hosts = this.#due.get(name) ?? new Set<string>();
    this.#due.set(name, hosts.add(host));
  }
}
