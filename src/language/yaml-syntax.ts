import type { LineCounter, YAMLError } from 'yaml';

/** What the parser objects to, in words that say what to write. */
export interface Explained {
  readonly message: string;
  readonly hint?: string;
  readonly offset: number;
  /** The rest of the tree is as the author meant it. */
  readonly harmless: boolean;
}

/** More levels than any file of ours has. What comes later goes down all of them, and an alias of what it stands in has no end. */
export const MOST_LEVELS = 100;
export const TOO_DEEP = 'lists and mappings are nested too deep';
export const TOO_DEEP_HINT =
  'nothing needs more than 100 levels: look for a bracket too many, or an alias of what it stands in';

/** Explains a syntax error or a warning of the YAML parser. */
export function explainSyntax(error: YAMLError, text: string, lines: LineCounter): Explained {
  const offset = error.pos[0];
  const line = lineAt(text, offset);
  const column = lines.linePos(offset).col - 1;
  const own = explainLine(line, column, offset);
  if (own) return own;
  switch (error.code) {
    case 'TAB_AS_INDENT':
      return {
        message: 'a tab is used for indentation, YAML wants spaces',
        hint: 'indent with two spaces',
        offset,
        harmless: false,
      };
    case 'TAG_RESOLVE_FAILED': {
      const rest = text.slice(offset).split(/[\r\n]/)[0] ?? '';
      if (/^!(secret|vault)\b/.test(rest)) return explainSecretTag(rest, offset);
      return {
        message: `\`${rest.trim()}\` is a tag to YAML, not a text`,
        hint: `quote it: "${rest.trim()}"`,
        offset,
        harmless: true,
      };
    }
    case 'BLOCK_AS_IMPLICIT_KEY':
      return {
        message: 'a second `: ` stands in one line: YAML takes it for a mapping inside a mapping',
        hint: 'put the whole value in quotes',
        offset,
        harmless: false,
      };
    case 'MISSING_CHAR':
      return { message: `${error.message}`, hint: 'close what was opened', offset, harmless: false };
    default:
      // What the parser catches when it comes to the end of the stack.
      if (error.message.includes('call stack'))
        return { message: TOO_DEEP, hint: TOO_DEEP_HINT, offset, harmless: false };
      return { message: error.message, offset, harmless: false };
  }
}

/** Its value is not repeated: the message may stand in a log. */
function explainSecretTag(rest: string, offset: number): Explained {
  const isVault = rest.startsWith('!vault');
  return {
    message: isVault
      ? 'values of ansible-vault cannot be read'
      : 'a value that is tagged `!secret` is not encrypted yet',
    hint: isVault
      ? 'decrypt it with ansible-vault, tag it `!secret`, then run: fanops secrets encrypt FILE'
      : 'run: fanops secrets encrypt FILE',
    offset,
    harmless: true,
  };
}

/** Mistakes that are recognised by the line they are in rather than by what the parser tripped over. */
function explainLine(line: string, column: number, offset: number): Explained | undefined {
  const lineStart = offset - column;
  const jinja = /(?:^|[:-]\s+)(\{%.*)$/.exec(line);
  if (jinja?.[1])
    return {
      message: 'Jinja statements (`{% … %}`) are not supported',
      hint: 'use `when:`, `loop:`, or Handlebars in a quoted text: "{{#if x}}a{{else}}b{{/if}}"',
      offset: lineStart + line.indexOf(jinja[1]),
      harmless: false,
    };
  const braces = /(?:^|[:-]\s+)(\{\{.*)$/.exec(line);
  if (braces?.[1])
    return {
      message: 'a value that begins with {{ must be quoted: YAML takes the braces for a mapping',
      hint: `write "${braces[1].trimEnd()}"`,
      offset: lineStart + line.indexOf(braces[1]),
      harmless: false,
    };
  const quotedStart = /[:-]\s+(('[^']*'|"[^"]*")\s*[^\s#,\]}].*)$/.exec(line);
  if (quotedStart?.[1] && lineStart + line.indexOf(quotedStart[1]) < offset)
    return {
      message: 'text goes on after the closing quote: YAML takes the quoted part for the whole value',
      hint: `put the whole value in quotes: ${requoted(quotedStart[1].trimEnd())}`,
      offset: lineStart + line.indexOf(quotedStart[1]),
      harmless: false,
    };
  return undefined;
}

function requoted(text: string): string {
  return text.includes('"') ? `'${text.replaceAll("'", "''")}'` : `"${text}"`;
}

function lineAt(text: string, offset: number): string {
  const from = text.lastIndexOf('\n', Math.max(0, offset - 1)) + 1;
  const to = text.indexOf('\n', from);
  return text.slice(from, to < 0 ? undefined : to).replace(/\r$/, '');
}
