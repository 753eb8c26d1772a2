/** `1 error`, `2 errors`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

export function indent(text: string, spaces: number): string {
  const pad = ' '.repeat(spaces);
  return text
    .split('\n')
    .map((line) => (line === '' ? line : pad + line))
    .join('\n');
}

/**
 * What hosts and files say, made harmless for a terminal: control characters (but newline and tab) are
 * shown, not obeyed. Characters that turn the direction of writing are shown too: they hide what a line says.
 */
export function harmless(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(/[\p{Cc}\p{Bidi_Control}]/gu, escaped);
}

/** The lines of a text; a final newline does not begin another one. */
export function linesOf(text: string): string[] {
  if (text === '') return [];
  return (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
}

/** The last lines of a text, with a note of how many stand before them. */
export function tail(text: string, most: number): string[] {
  const lines = linesOf(text.trimEnd());
  if (lines.length <= most) return lines;
  return [`… ${counted(lines.length - most, 'line')} before`, ...lines.slice(-most)];
}

/** Cuts a line that is longer than `most` characters. */
export function cut(line: string, most: number): string {
  const characters = [...line];
  return characters.length <= most ? line : `${characters.slice(0, Math.max(0, most - 1)).join('')}…`;
}

function escaped(character: string): string {
  if (character === '\n' || character === '\t') return character;
  const code = character.charCodeAt(0);
  if (code < 0x20) return `^${String.fromCharCode(code + 64)}`;
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
