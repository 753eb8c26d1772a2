import type { Journal, JournalEntry } from '../core/journal.ts';
import { freeze, memoryVault, thaw } from '../core/json.ts';
import type { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import { type Json, secretIn, unknownIn, type Value } from '../core/value.ts';
import { Registers } from './registers.ts';

interface Recorder {
  readonly journal: Journal;
  readonly registers: Registers;
  readonly masker: Masker;
}

/** How far a runbook had come, for one that is taken up. */
export interface RunbookPast {
  /** Ids of steps that are not done again. */
  readonly done: ReadonlySet<string>;
  /** Steps whose tasks had begun and have no good end, with their hosts: they go on where they were. */
  readonly begun: ReadonlyMap<string, readonly string[]>;
  readonly registers: Registers;
  /** What its steps have said. */
  readonly advised: readonly Extract<JournalEntry, { type: 'advised' }>[];
}

/** Reads from the record what was done, what had begun, and what was found out on the way. */
export function runbookPast({ past }: Pick<Journal, 'past'>): RunbookPast {
  const done = new Set<string>();
  const begun = new Map<string, readonly string[]>();
  const registers = new Registers();
  for (const entry of past)
    if (entry.type === 'step-begun') begun.set(entry.step, entry.hosts);
    else if (entry.type === 'step-ended' && isBehind(entry.outcome)) done.add(entry.step);
    else if (entry.type === 'registers') restore(registers, entry.value);
  for (const step of done) begun.delete(step);
  return { done, begun, registers, advised: past.filter((entry) => entry.type === 'advised') };
}

/** One that had nothing to do must not begin when the run is taken up behind it. */
function isBehind(outcome: Outcome | 'skipped'): boolean {
  return outcome === 'done' || outcome === 'skipped';
}

function restore(
  registers: Registers,
  value: { readonly [host: string]: { readonly [name: string]: Json } },
): void {
  const vault = memoryVault('runbook');
  for (const [host, kept] of Object.entries(value))
    for (const [name, json] of Object.entries(kept)) registers.set(host, name, thaw(json, vault));
}

/** What is known when a step ends. What is secret is not written down: who reads it later is refused. */
export async function recordRegisters({ journal, registers, masker }: Recorder, step: string): Promise<void> {
  await journal.record({ type: 'registers', step, value: written(registers, masker) });
}

function written(registers: Registers, masker: Masker): { [host: string]: { [name: string]: Json } } {
  return Object.fromEntries(
    registers.hosts().map((host) => {
      const open = Object.entries(registers.of(host)).flatMap(([name, value]) => {
        const json = registers.isClosed(name) ? undefined : openly(value, masker);
        return json === undefined ? [] : [[name, json] as const];
      });
      return [host, Object.fromEntries(open)];
    }),
  );
}

/** A value as it is written down; undefined when it holds a secret, known as one or hidden in a text. */
function openly(value: Value, masker: Masker): Json | undefined {
  if (secretIn(value) !== undefined || unknownIn(value) !== undefined) return undefined;
  const json = freeze(value, memoryVault('runbook'));
  const text = JSON.stringify(json);
  return masker.mask(text) === text ? json : undefined;
}
