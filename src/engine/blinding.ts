import type { Decision } from './decision.ts';

/** Counts which task makes how many later ones unknown, for a warning with what to do. */
export class Blinding {
  readonly #blinded = new Map<number, { name: string; tasks: Set<number> }>();
  readonly #names = new Map<number, string>();

  note(decision: Decision): void {
    const { task, cloudedBy } = decision;
    this.#names.set(task.number, task.name);
    if (cloudedBy === undefined || cloudedBy === task.number) return;
    const entry = this.#blinded.get(cloudedBy) ?? {
      name: this.#names.get(cloudedBy) ?? '',
      tasks: new Set(),
    };
    entry.tasks.add(task.number);
    this.#blinded.set(cloudedBy, entry);
  }

  warnings(): string[] {
    return [...this.#blinded]
      .sort(([a], [b]) => a - b)
      .map(([number, { name, tasks }]) => {
        const later = tasks.size === 1 ? 'one later task' : `${tasks.size} later tasks`;
        return `task ${number} (${name}) makes ${later} unknown (${[...tasks].join(', ')}); "touches:" says what it really alters`;
      });
  }
}
