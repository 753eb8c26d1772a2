const SPECIAL = /[|&;<>()$`*?[\]~#{}!\n]/;

/**
 * Splits a command line into words as a shell would, with quotes and backslashes and nothing else. What a
 * shell would expand or act upon is refused rather than passed on: it would not do what it looks like.
 */
export function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] as string;
    if (char === "'" || char === '"') {
      const { text, end } = quoted(line, at);
      word = (word ?? '') + text;
      at = end;
    } else if (char === '\\') {
      at += 1;
      if (at >= line.length) throw new Error('expected a character after the backslash at the end');
      word = (word ?? '') + line[at];
    } else if (char === ' ' || char === '\t') {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (isSpecial(char, word)) {
      throw new Error(
        `${JSON.stringify(char)} means something only to a shell, and none is started: ${HINT}`,
      );
    } else word = (word ?? '') + char;
  }
  return word === undefined ? words : [...words, word];
}

const HINT = `put it in single quotes to pass it on as it is, or run ["sh", "-c", "…"] as argv`;

/** `~` and `#` act only at the beginning of a word; `{`, `}`, `!` and brackets are common in harmless words. */
function isSpecial(char: string, word: string | undefined): boolean {
  if (char === '~' || char === '#') return word === undefined;
  if ('{}![]'.includes(char)) return false;
  return SPECIAL.test(char);
}

function quoted(line: string, start: number): { text: string; end: number } {
  const quote = line[start];
  let text = '';
  for (let at = start + 1; at < line.length; at += 1) {
    const char = line[at] as string;
    if (char === quote) return { text, end: at };
    if (quote === '"' && (char === '$' || char === '`'))
      throw new Error(`"${char}" is not expanded, because no shell is started: ${HINT}`);
    if (quote === '"' && char === '\\' && '"\\$`'.includes(line[at + 1] ?? 'x')) at += 1;
    text += line[at];
  }
  throw new Error(`expected a closing ${quote}: ${line.slice(start)}`);
}
