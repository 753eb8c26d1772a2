/** A place in a file that the user wrote. Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Where the marked range ends on the same line (exclusive); absent for a single point. */
  readonly endColumn?: number;
}

/** One mistake or one warning, as a value: collected, sorted and shown together. */
export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** What was expected and what was found, in one sentence. */
  readonly message: string;
  readonly position?: Position;
  /** The line of source that `position` points into, for the caret. */
  readonly source?: string;
  /** What to write or do instead. */
  readonly hint?: string;
}

/** What the user gave is wrong (files, variables, arguments); carries every mistake found. Exit code 1. */
export class InputError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((d) => d.message).join('\n'));
    this.name = 'InputError';
    this.diagnostics = diagnostics;
  }
}

/** An InputError with one mistake, for places that can only find one. */
export function mistake(message: string, more: Omit<Diagnostic, 'severity' | 'message'> = {}): InputError {
  return new InputError([{ severity: 'error', message, ...more }]);
}
