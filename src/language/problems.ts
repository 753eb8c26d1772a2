import { type Diagnostic, InputError, type Position } from '../core/diagnostic.ts';
import { MASK } from '../core/secret.ts';
import type { Unknown } from '../core/value.ts';
import type { Envelopes } from './envelopes.ts';

/** A mistake met while evaluating: thrown, then collected by whoever knows what is being evaluated. */
export class Mistake extends Error {
  readonly position: Position | undefined;
  readonly hint: string | undefined;

  constructor(message: string, position?: Position, hint?: string) {
    super(message);
    this.name = 'Mistake';
    this.position = position;
    this.hint = hint;
  }
}

/** Thrown by reading a value that is not known yet; what needed it becomes unknown as a whole. */
export class UnknownRead extends Error {
  readonly unknown: Unknown;

  constructor(unknown: Unknown) {
    super(String(unknown));
    this.name = 'UnknownRead';
    this.unknown = unknown;
  }
}

/** Runs an evaluation; what cannot be known yet comes back as Unknown instead of being thrown. */
export function orUnknown<T>(evaluate: () => T): T | Unknown {
  try {
    return evaluate();
  } catch (error) {
    if (error instanceof UnknownRead) return error.unknown;
    throw error;
  }
}

/**
 * What is collected while files are read: mistakes and warnings, each with its place and the line of source it
 * points into, and, where `envelopes` are given, values that are encrypted.
 */
export class Problems {
  readonly envelopes: Envelopes | undefined;
  readonly #sources: Map<string, readonly string[]>;
  readonly #errors = new Map<string, Diagnostic>();
  readonly #warnings = new Map<string, Diagnostic>();
  #reported = 0;

  constructor(envelopes?: Envelopes, sources: Map<string, readonly string[]> = new Map()) {
    this.envelopes = envelopes;
    this.#sources = sources;
  }

  /** An empty collection that knows the same sources. */
  fresh(): Problems {
    return new Problems(this.envelopes, this.#sources);
  }

  addSource(file: string, text: string): void {
    // A value that waits to be encrypted is not shown, whatever is wrong with its line.
    const shown = text.replace(/(!secret[ \t]+)\S.*/g, `$1${MASK}`);
    this.#sources.set(file, shown.split(/\r?\n/));
  }

  error(message: string, position?: Position, hint?: string): void {
    this.#reported += 1;
    keep(this.#errors, this.#diagnostic('error', message, position, hint));
  }

  warn(message: string, position?: Position, hint?: string): void {
    keep(this.#warnings, this.#diagnostic('warning', message, position, hint));
  }

  /** Runs an evaluation and collects the mistake it stops at; undefined then. */
  collect<T>(evaluate: () => T, fallback?: Position): T | undefined {
    try {
      return evaluate();
    } catch (error) {
      if (!(error instanceof Mistake)) throw error;
      this.error(error.message, error.position ?? fallback, error.hint);
      return undefined;
    }
  }

  /** How many mistakes were reported, the same one again included. */
  get count(): number {
    return this.#reported;
  }

  get warnings(): Diagnostic[] {
    return [...this.#warnings.values()];
  }

  /** Every mistake found, in the order of the files' lines. */
  get errors(): Diagnostic[] {
    return [...this.#errors.values()].sort(byPlace);
  }

  /** Takes in mistakes that were found elsewhere. */
  addErrors(found: readonly Diagnostic[]): void {
    for (const diagnostic of found) keep(this.#errors, diagnostic);
    this.#reported += found.length;
  }

  throwIfAny(): void {
    if (this.#errors.size > 0) throw new InputError(this.errors);
  }

  #diagnostic(
    severity: 'error' | 'warning',
    message: string,
    position: Position | undefined,
    hint: string | undefined,
  ): Diagnostic {
    const source = position && this.#sources.get(position.file)?.[position.line - 1];
    return {
      severity,
      message,
      ...(position && { position }),
      ...(source !== undefined && { source }),
      ...(hint !== undefined && { hint }),
    };
  }
}

function keep(found: Map<string, Diagnostic>, diagnostic: Diagnostic): void {
  const { position, message } = diagnostic;
  const key = `${position?.file}:${position?.line}:${position?.column}:${message}`;
  if (!found.has(key)) found.set(key, diagnostic);
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  const left = a.position;
  const right = b.position;
  if (!left || !right) return Number(left === undefined) - Number(right === undefined);
  if (left.file !== right.file) return left.file < right.file ? -1 : 1;
  return left.line - right.line || left.column - right.column;
}
