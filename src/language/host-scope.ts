import type { Position } from '../core/diagnostic.ts';
import type { Value } from '../core/value.ts';
import type { Definition, Layer } from './definitions.ts';
import type { Names } from './names.ts';
import { Mistake } from './problems.ts';
import { renderValue } from './render-value.ts';

/**
 * The variables of one host, each computed when it is first read. A variable may refer to others; one
 * that refers to itself is a Mistake that names the chain. `around` are the names that are not variables.
 */
export class HostScope implements Names {
  readonly isNames = true;
  readonly what = 'variable';
  /** Strongest last. */
  readonly #layers: readonly Layer[];
  readonly #around: Names;
  readonly #values = new Map<string, Value>();
  readonly #reading: string[] = [];

  constructor(layers: readonly Layer[], around: Names) {
    this.#layers = layers;
    this.#around = around;
  }

  get(name: string): Value | Names | undefined {
    const own = this.variable(name);
    return own === undefined ? this.#around.get(name) : own;
  }

  names(): readonly string[] {
    return [...new Set([...this.variables(), ...this.#around.names()])];
  }

  variables(): string[] {
    return [...new Set(this.#layers.flatMap((layer) => [...layer.keys()]))];
  }

  /** All places that define the variable, strongest first: the first one counts, it hides the others. */
  definitions(name: string): Definition[] {
    return this.#layers
      .map((layer) => layer.get(name))
      .filter((definition) => definition !== undefined)
      .reverse();
  }

  variable(name: string): Value | undefined {
    if (this.#values.has(name)) return this.#values.get(name);
    const definition = this.#layers.findLast((layer) => layer.has(name))?.get(name);
    if (!definition) return undefined;
    this.#refuseCycle(name, definition.position);
    this.#reading.push(name);
    try {
      const value = definition.node ? renderValue(definition.node, this) : (definition.value ?? null);
      this.#values.set(name, value);
      return value;
    } finally {
      this.#reading.pop();
    }
  }

  #refuseCycle(name: string, position: Position | undefined): void {
    const from = this.#reading.indexOf(name);
    if (from < 0) return;
    const chain = [...this.#reading.slice(from), name].join(' -> ');
    throw new Mistake(
      `the variable \`${name}\` is defined by itself: ${chain}`,
      position,
      'give one of them a value that does not refer to the others',
    );
  }
}

/** The variables of other hosts, as `hostvars` shows them. */
export function hostvarsNames(hosts: ReadonlySet<string>, scopeOf: (host: string) => Names): Names {
  return {
    isNames: true,
    what: 'host',
    get: (host) => (hosts.has(host) ? scopeOf(host) : undefined),
    names: () => [...hosts],
  };
}
