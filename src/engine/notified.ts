import type { Play, Playbook, Task } from '../core/task.ts';
import type { Contacts } from './contacts.ts';
import { handlerKey } from './handler-key.ts';
import type { CarriedOut } from './host-walk.ts';

/** Which handlers are due on which hosts: notified in this run, or left pending on the host by an earlier one. */
export class Notified {
  readonly #playbook: Playbook;
  readonly #contacts: Contacts;
  readonly #due = new Map<string, Set<string>>();

  constructor(playbook: Playbook, contacts: Contacts, play: Play, hosts: readonly string[]) {
    this.#playbook = playbook;
    this.#contacts = contacts;
    for (const handler of play.handlers)
      for (const host of hosts)
        if (contacts.hello(host)?.pendingHandlers.includes(this.#key(handler.name)))
          this.#note(handler.name, host);
  }

  /** Takes in what tasks did; a note that was made for a change that turned out to be none is struck off. */
  async takeIn(carriedOut: readonly CarriedOut[]): Promise<void> {
    for (const { decision, changed } of carriedOut)
      if (changed) for (const name of decision.task.notify) this.#note(name, decision.host);
    for (const { decision, changed } of carriedOut) {
      const spurious = changed
        ? []
        : decision.task.notify.filter((name) => !this.#isDue(name, decision.host));
      if (spurious.length) await this.strike(decision.on, spurious);
    }
  }

  hostsFor(handler: Task, hosts: readonly string[]): readonly string[] {
    return hosts.filter((host) => this.#isDue(handler.name, host));
  }

  done(handler: Task, host: string): void {
    this.#due.get(handler.name)?.delete(host);
  }

  async strike(host: string, names: readonly string[]): Promise<void> {
    await this.#contacts.attempt(host, async (session) =>
      session?.strike(names.map((name) => this.#key(name))),
    );
  }

  /** What is still due, by host, as it is kept there. */
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

  #key(name: string): string {
    return handlerKey(this.#playbook, { name });
  }
}
