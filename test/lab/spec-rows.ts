// The rows of docs/spec-coverage.md, and the document's lines that must have one.
import { readFileSync } from 'node:fs';

export const CLASSES = ['typed', 'with', 'installed', 'superseded', 's3', 'measured', 'yours'];

export interface Row {
  readonly section: string;
  readonly command: string;
  readonly kind: string;
  /** leader, replica or blockchain; empty: the leader */
  readonly host: string;
  readonly user: string;
  /** What is done instead, where it is proved, which runbook is for it. */
  readonly remark: string;
  readonly run: string;
  readonly status: number;
  /** What the output must hold: words, or a regular expression between slashes. */
  readonly said: string;
  /** A command that root runs on the same host afterwards, and that must succeed. */
  readonly seen: string;
}

export function specRows(): Row[] {
  return sections('../../docs/spec-coverage.md').flatMap(({ title, lines }) => {
    const table = lines.filter((line) => line.startsWith('| ')).map(cells);
    const head = table[0] ?? [];
    return table.slice(2).map((row): Row => {
      const at = (name: string) => row[head.indexOf(name)] ?? '';
      const [status = '', ...said] = at('ends with').split(' ');
      return {
        section: title,
        command: at('command'),
        kind: at('class'),
        host: at('host'),
        user: at('user'),
        remark: at('substitution, or what happens'),
        run: at('run by the test'),
        status: Number(status),
        said: said.join(' '),
        seen: at('seen afterwards'),
      };
    });
  });
}

/** Does the output hold what it must? */
export function isSaid(said: string, output: string): boolean {
  const [, source, flags] = /^\/(.*)\/(m?)$/.exec(said) ?? [];
  return source === undefined ? output.includes(said) : new RegExp(source, flags).test(output);
}

/** As `section: line`. */
export function specLines(): string[] {
  return sections('./spec-commands.txt').flatMap(({ title, lines }) =>
    lines.filter((line) => line !== '').map((line) => `${title}: ${line}`),
  );
}

function sections(path: string): { title: string; lines: string[] }[] {
  const text = readFileSync(new URL(path, import.meta.url), 'utf8');
  return text
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [title = '', ...lines] = part.split('\n');
      return { title, lines };
    });
}

/** Without the marks of code; a bar inside of a cell is escaped. */
function cells(line: string): string[] {
  return line
    .split(/(?<!\\)\|/)
    .slice(1, -1)
    .map((text) =>
      text
        .trim()
        .replace(/^`(.*)`$/, '$1')
        .replaceAll('\\|', '|'),
    );
}
