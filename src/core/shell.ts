/** A script built by the `sh` tag: text that may be run as it is. */
export class Script {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** Quotes one word for a POSIX shell. Throws on NUL, which no argument can carry. */
export function quote(word: string): string {
  if (word.includes('\0')) throw new Error('a shell word cannot hold a NUL byte');
  if (word !== '' && /^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", "'\\''")}'`;
}

/**
 * The one way values reach a script: strings and numbers are quoted as one word, arrays as several,
 * a `Script` is inserted as it is. Secrets have no business in a script: they go by stdin.
 */
export function sh(
  parts: TemplateStringsArray,
  ...values: (string | number | Script | readonly string[])[]
): Script {
  let text = parts[0] ?? '';
  values.forEach((value, index) => {
    text += inserted(value) + (parts[index + 1] ?? '');
  });
  return new Script(text);
}

/** Joins scripts line by line. */
export function lines(...scripts: (Script | undefined)[]): Script {
  return new Script(
    scripts
      .filter((s) => s !== undefined)
      .map((s) => s.text)
      .join('\n'),
  );
}

function inserted(value: string | number | Script | readonly string[]): string {
  if (value instanceof Script) return value.text;
  if (Array.isArray(value)) return value.map(quote).join(' ');
  return quote(String(value));
}
