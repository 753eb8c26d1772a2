import { Secret } from './secret.ts';

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** What the language computes with: JSON, plus what is secret and what is not known yet. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Secret
  | Unknown
  | readonly Value[]
  | { readonly [key: string]: Value };

/** A value that depends on a change not yet made or a command not yet run. */
export class Unknown {
  /** The label of the task that has to be done first. */
  readonly after: string;

  /** A text with a secret in it. */
  readonly isSecret: boolean;

  constructor(after: string, isSecret = false) {
    this.after = after;
    this.isSecret = isSecret;
  }

  toJSON(): Json {
    return { $unknown: this.after };
  }

  toString(): string {
    return `(known after ${this.after})`;
  }
}

/** The first Unknown anywhere inside a value. */
export function unknownIn(value: Value | undefined): Unknown | undefined {
  return findIn(value, (v) => v instanceof Unknown) as Unknown | undefined;
}

/** The first Secret anywhere inside a value. */
export function secretIn(value: Value | undefined): Secret | undefined {
  return findIn(value, (v) => v instanceof Secret) as Secret | undefined;
}

function findIn(value: Value | undefined, wanted: (v: Value) => boolean): Value | undefined {
  if (value === undefined) return undefined;
  if (wanted(value)) return value;
  if (value === null || typeof value !== 'object' || value instanceof Secret || value instanceof Unknown)
    return undefined;
  for (const child of Object.values(value)) {
    const found = findIn(child, wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function isRecord(value: Value | undefined): value is { readonly [key: string]: Value } {
  return (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !(value instanceof Secret) &&
    !(value instanceof Unknown)
  );
}
