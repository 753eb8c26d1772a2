import type { Diagnostic } from '../core/diagnostic.ts';
import { type Paint, plainPaint } from './paint.ts';
import { counted, harmless } from './text.ts';

/** So many characters of a line of source are shown. */
const MOST = 120;

/** Mistakes and warnings as text: sorted by place, each with its line of source and a caret; counted at the end. */
export function diagnosticsText(diagnostics: readonly Diagnostic[], paint: Paint = plainPaint): string {
  if (diagnostics.length === 0) return '';
  const shown = distinct([...diagnostics].sort(byPlace)).map((d) => diagnosticText(d, paint));
  return `${shown.join('\n\n')}\n\n${diagnosticsCount(diagnostics)}\n`;
}

/** One of them, without the count. */
export function diagnosticText(diagnostic: Diagnostic, paint: Paint = plainPaint): string {
  const { position, severity, message, hint } = diagnostic;
  const place = position ? `${position.file}:${position.line}:${position.column}: ` : '';
  const colour = severity === 'error' ? 'failed' : 'warning';
  return [
    `${paint('strong', harmless(place))}${paint(colour, `${severity}:`)} ${harmless(message)}`,
    ...sourceLines(diagnostic, paint),
    ...(hint === undefined
      ? []
      : [`  ${paint('quiet', 'hint:')} ${harmless(hint).replaceAll('\n', '\n        ')}`]),
  ].join('\n');
}

export function diagnosticsCount(diagnostics: readonly Diagnostic[]): string {
  const all = distinct(diagnostics);
  const errors = all.filter((d) => d.severity === 'error').length;
  const warnings = all.length - errors;
  const parts = [errors > 0 && counted(errors, 'error'), warnings > 0 && counted(warnings, 'warning')];
  return parts.filter(Boolean).join(', ');
}

function sourceLines({ position, source }: Diagnostic, paint: Paint): string[] {
  if (position === undefined || source === undefined) return [];
  const number = String(position.line);
  const gutter = ' '.repeat(number.length);
  const { text, column } = excerpt(source, position.column);
  const width = Math.max(1, (position.endColumn ?? position.column + 1) - position.column);
  // The caret's line repeats the tabs of the source's, so that both stand in the same place at any tab width.
  const lead = text
    .slice(0, column - 1)
    .replace(/[^\t]/g, ' ')
    .padEnd(column - 1);
  const carets = '^'.repeat(Math.min(width, Math.max(1, MOST - column)));
  return [
    `  ${paint('quiet', `${number} |`)} ${harmless(text)}`,
    `  ${paint('quiet', `${gutter} |`)} ${lead}${paint('failed', carets)}`,
  ];
}

/** Of a long line what stands around the column. */
function excerpt(source: string, column: number): { readonly text: string; readonly column: number } {
  if (source.length <= MOST) return { text: source, column };
  const from = Math.max(0, Math.min(column - 1 - MOST / 2, source.length - MOST));
  const text = source.slice(from, from + MOST);
  const before = from > 0 ? '…' : '';
  return {
    text: `${before}${text}${from + MOST < source.length ? '…' : ''}`,
    column: column - from + before.length,
  };
}

function byPlace(a: Diagnostic, b: Diagnostic): number {
  return (
    compare(a.position?.file ?? '', b.position?.file ?? '') ||
    (a.position?.line ?? 0) - (b.position?.line ?? 0) ||
    (a.position?.column ?? 0) - (b.position?.column ?? 0) ||
    compare(a.severity, b.severity) ||
    compare(a.message, b.message)
  );
}

function distinct(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Map<string, Diagnostic>();
  for (const d of diagnostics) {
    const key = JSON.stringify([d.severity, d.message, d.position]);
    if (!seen.has(key)) seen.set(key, d);
  }
  return [...seen.values()];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
