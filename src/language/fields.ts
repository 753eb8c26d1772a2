import type { Position } from '../core/diagnostic.ts';
import { describe, oneOf } from './describe.ts';
import { type Entry, type Located, type LocatedMapping, type LocatedScalar, plainValue } from './located.ts';
import type { Problems } from './problems.ts';

/** Reads the keys of one mapping by type; every mistake is collected, and the wrong value left out. */
export class Fields {
  readonly mapping: LocatedMapping;
  readonly #problems: Problems;

  constructor(mapping: LocatedMapping, problems: Problems) {
    this.mapping = mapping;
    this.#problems = problems;
  }

  get position(): Position {
    return this.mapping.position;
  }

  entry(key: string): Entry | undefined {
    return this.mapping.entries.find((entry) => entry.key === key);
  }

  text(key: string): LocatedScalar | undefined {
    const entry = this.entry(key);
    return entry && asText(entry, this.#problems);
  }

  boolean(key: string): boolean | undefined {
    const entry = this.entry(key);
    return entry && asBoolean(entry, this.#problems);
  }

  integer(key: string, least = 0): number | undefined {
    const entry = this.entry(key);
    if (!entry) return undefined;
    const value = plainValue(entry.value);
    if (typeof value === 'number' && Number.isInteger(value) && value >= least) return value;
    this.#problems.error(
      `\`${key}\` must be a whole number of at least ${least}, found ${describe(value)}`,
      entry.value.position,
    );
    return undefined;
  }

  /** A text or a list of texts; empty when absent. */
  texts(key: string): LocatedScalar[] {
    const entry = this.entry(key);
    if (!entry) return [];
    const nodes = entry.value.kind === 'list' ? entry.value.items : [entry.value];
    const texts = nodes.filter((node) => node.kind === 'scalar' && typeof node.value === 'string');
    for (const node of nodes)
      if (!texts.includes(node))
        this.#problems.error(
          `\`${key}\` must be a text or a list of texts, found ${describe(plainValue(node))}`,
          node.position,
        );
    return texts as LocatedScalar[];
  }

  mappingOf(key: string): LocatedMapping | undefined {
    const entry = this.entry(key);
    return entry && asMapping(entry, this.#problems);
  }

  list(key: string): readonly Located[] | undefined {
    const entry = this.entry(key);
    if (!entry) return undefined;
    if (entry.value.kind === 'list') return entry.value.items;
    this.#problems.error(
      `\`${key}\` must be a list, found ${describe(plainValue(entry.value))}`,
      entry.value.position,
      'write its items below it, each after `- `',
    );
    return undefined;
  }
}

export function asText(entry: Entry, problems: Problems): LocatedScalar | undefined {
  const { value } = entry;
  if (value.kind === 'scalar' && typeof value.value === 'string') return value;
  if (value.kind === 'scalar' && value.value !== null) {
    problems.error(
      `\`${entry.key}\` must be a text, found ${describe(value.value)}`,
      value.position,
      `write "${value.written}"`,
    );
    return undefined;
  }
  problems.error(`\`${entry.key}\` must be a text, found ${describe(plainValue(value))}`, placeOf(entry));
  return undefined;
}

export function asBoolean(entry: Entry, problems: Problems): boolean | undefined {
  const value = plainValue(entry.value);
  if (typeof value === 'boolean') return value;
  problems.error(
    `\`${entry.key}\` must be ${oneOf(['true', 'false'])}, found ${describe(value)}`,
    placeOf(entry),
    booleanHint(value),
  );
  return undefined;
}

/** YAML 1.2 has only true and false: what to write for the words that YAML 1.1 took for booleans. */
export function booleanHint(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  if (/^(yes|y|on|true|1)$/i.test(value)) return 'write true';
  if (/^(no|n|off|false|0)$/i.test(value)) return 'write false';
  return undefined;
}

export function asMapping(entry: Entry, problems: Problems): LocatedMapping | undefined {
  const { value } = entry;
  if (value.kind === 'mapping') return value;
  // `vars:` with nothing below it is an empty mapping.
  if (value.kind === 'scalar' && value.value === null)
    return { kind: 'mapping', position: entry.keyPosition, entries: [] };
  problems.error(
    `\`${entry.key}\` must be a mapping, found ${describe(plainValue(value))}`,
    value.position,
    'write `name: value` lines below it',
  );
  return undefined;
}

function placeOf(entry: Entry): Position {
  const { value } = entry;
  return value.kind === 'scalar' && value.value === null ? entry.keyPosition : value.position;
}
