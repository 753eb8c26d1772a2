import { MASK, Secret } from '../../core/secret.ts';
import { sqlText } from '../../facts/sql.ts';

export type SqlValue = null | boolean | number | string | Secret;

/** A statement with its parameters in place; a Secret where one of them is. */
export type Bound =
  | { readonly sql: string | Secret; readonly used: ReadonlySet<string> }
  | { readonly problem: string };

type Parameters = { readonly [name: string]: SqlValue };

/** White space that holds the end of a line: a text may go on behind it, read as its beginning was. */
const BREAK = String.raw`(?:[ \t\r\f\v]|--[^\n]*)*\n(?:\s|--[^\n]*\n)*`;
const ESCAPED = String.raw`'(?:[^'\\]|\\.|'')*'`;

/** What the server reads as one piece, so that a colon in it is no parameter. */
const PIECES: readonly RegExp[] = [
  /--[^\n]*/y,
  new RegExp(`[eE]${ESCAPED}(?:${BREAK}${ESCAPED})*`, 'sy'),
  /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y,
  /'(?:[^']|'')*'/y,
  /"(?:[^"]|"")*"/y,
  /\$([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$.*?\$\1\$/sy,
  /\d[\w.]*/y,
  /::|:=/y,
];
const PARAMETER = /:([A-Za-z_]\w*)/y;

/**
 * Puts literals in the place of `:name`, outside of texts, names and comments. `standard_conforming_strings` must be
 * on where it is read. A literal stands by itself: blanks around it keep it from joining what is beside it.
 */
export function bindParameters(query: string, parameters: Parameters): Bound {
  const parts: (string | Secret)[] = [];
  const used = new Set<string>();
  for (let at = 0; at < query.length; ) {
    const end = query.startsWith('/*', at) ? commentEnd(query, at) : pieceEnd(query, at);
    if (end !== undefined) {
      parts.push(query.slice(at, end));
      at = end;
      continue;
    }
    PARAMETER.lastIndex = at;
    const [whole = '', name = ''] = PARAMETER.exec(query) ?? [];
    if (whole !== '') {
      const value = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
      if (value === undefined)
        return {
          problem: `the query names :${name}, which is not among its parameters (a slice is written [1 : n])`,
        };
      used.add(name);
      parts.push(literal(value));
      at += whole.length;
      continue;
    }
    const problem = oddity(query, at);
    if (problem) return { problem };
    parts.push(query[at] as string);
    at += 1;
  }
  return { sql: joined(parts), used };
}

function pieceEnd(query: string, at: number): number | undefined {
  for (const piece of PIECES) {
    piece.lastIndex = at;
    if (piece.test(query)) return piece.lastIndex;
  }
  return undefined;
}

/** Comments of this kind are nested. */
function commentEnd(query: string, start: number): number | undefined {
  let depth = 0;
  for (let at = start; at < query.length; at += 1) {
    const two = query.slice(at, at + 2);
    if (two !== '/*' && two !== '*/') continue;
    depth += two === '/*' ? 1 : -1;
    if (depth === 0) return at + 2;
    at += 1;
  }
  return undefined;
}

function oddity(query: string, at: number): string | undefined {
  const char = query[at] as string;
  if (char === "'" || char === '"') return `a ${char} in the query is not closed`;
  if (query.startsWith('/*', at)) return 'a comment in the query is not closed';
  if (/^\$(\w*)\$/.test(query.slice(at))) return 'a $ quote in the query is not closed';
  if (char === '\0') return 'the query holds a NUL byte';
  if (char === ';' && /\S/.test(query.slice(at + 1)))
    return 'the query holds more than one statement: write them as a list';
  return undefined;
}

function literal(value: SqlValue): string | Secret {
  if (value instanceof Secret) return value.map((text) => ` ${sqlText(text)} `, ` '${MASK}' `);
  if (value === null) return ' NULL ';
  if (typeof value === 'boolean') return value ? ' TRUE ' : ' FALSE ';
  return typeof value === 'number' ? ` (${value}) ` : ` ${sqlText(value)} `;
}

function joined(parts: readonly (string | Secret)[]): string | Secret {
  const text = (open: boolean) =>
    parts.map((part) => (part instanceof Secret ? (open ? part.expose() : part.masked) : part)).join('');
  return parts.some((part) => part instanceof Secret) ? Secret.open(text(true), text(false)) : text(true);
}
