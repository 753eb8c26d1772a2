import type { Recap, StepOutcome } from '../core/event.ts';

const ZERO: Recap = { ok: 0, changed: 0, unreachable: 0, failed: 0, skipped: 0, rescued: 0, ignored: 0 };

/** Ansible's counters, host by host; a loop counts once, by the gravest of its items. */
export class Recaps {
  readonly #counts = new Map<string, Recap>();

  see(host: string): void {
    if (!this.#counts.has(host)) this.#counts.set(host, ZERO);
  }

  count(host: string, outcomes: readonly StepOutcome[]): void {
    this.see(host);
    const has = (outcome: StepOutcome): boolean => outcomes.includes(outcome);
    if (has('failed')) this.#add(host, 'failed');
    else if (has('rescued')) this.#add(host, 'rescued');
    else if (has('unreachable')) this.#add(host, 'unreachable');
    else if (has('unknown')) return;
    else if (has('changed')) this.#add(host, 'ok', 'changed');
    else if (outcomes.length > 0 && outcomes.every((o) => o === 'skipped')) this.#add(host, 'skipped');
    else this.#add(host, 'ok');
    if (has('ignored')) this.#add(host, 'ignored');
  }

  unreachable(host: string): void {
    this.see(host);
    this.#add(host, 'unreachable');
  }

  toRecord(): { readonly [host: string]: Recap } {
    return Object.fromEntries(this.#counts);
  }

  #add(host: string, ...fields: (keyof Recap)[]): void {
    const counts: { -readonly [field in keyof Recap]: number } = { ...(this.#counts.get(host) ?? ZERO) };
    for (const field of fields) counts[field] += 1;
    this.#counts.set(host, counts);
  }
}
