import type { Diagnostic } from '../core/diagnostic.ts';
import { diagnosticsText } from '../report/diagnostics.ts';
import type { Console } from './console.ts';

/** Shows what was found while loading and does not stand in the way. */
export function showWarnings(warnings: readonly Diagnostic[], console: Console): void {
  if (warnings.length > 0) console.err(`${diagnosticsText(warnings, console.paintErr)}\n`);
}
