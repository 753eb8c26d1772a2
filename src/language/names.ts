import type { Value } from '../core/value.ts';

/** Values found by name when they are read, not before: variables, hosts' variables. */
export interface Names {
  readonly isNames: true;
  /** What the whole is called in messages: "a variable", "a host of hostvars". */
  readonly what: string;
  /** Undefined for a name that does not exist. */
  get(name: string): Value | Names | undefined;
  names(): readonly string[];
}

export function isNames(value: unknown): value is Names {
  return typeof value === 'object' && value !== null && 'isNames' in value;
}

/** Names over a fixed record. */
export function namesOf(what: string, record: { readonly [name: string]: Value | Names }): Names {
  return {
    isNames: true,
    what,
    get: (name) => (Object.hasOwn(record, name) ? record[name] : undefined),
    names: () => Object.keys(record),
  };
}

/** The first of several that has the name. */
export function layered(what: string, ...layers: readonly Names[]): Names {
  return {
    isNames: true,
    what,
    get: (name) => {
      for (const layer of layers) {
        const found = layer.get(name);
        if (found !== undefined) return found;
      }
      return undefined;
    },
    names: () => [...new Set(layers.flatMap((layer) => layer.names()))],
  };
}
