import Handlebars from 'handlebars';
import type { Position } from '../core/diagnostic.ts';
import { findJinja } from './jinja.ts';
import { didYouMean } from './nearest.ts';
import { Mistake } from './problems.ts';
import { BLOCK_FUNCTIONS, FUNCTION_ARITY } from './template-functions.ts';

/** A parsed template: Handlebars' grammar; the evaluator is ours, because reading must be guarded everywhere. */
export interface Template {
  readonly body: hbs.AST.Program;
  /** The text is exactly one `{{ path }}`: the value keeps its type. */
  readonly single: hbs.AST.MustacheStatement | undefined;
  /** Where a place of the template stands in its file. */
  place(loc: hbs.AST.SourceLocation): Position;
}

type Places = (offset: number, length?: number) => Position;

export function hasTemplate(text: string): boolean {
  return text.includes('{{') || (text.includes('{%') && findJinja(text) !== undefined);
}

/**
 * Parses a template and checks what can be checked without values. Throws a Mistake at the exact place.
 * `keepsType`: a text that is one `{{ path }}` gives the value itself, as in arguments; a file is always text.
 */
export function parseTemplate(text: string, at: Places, keepsType = true): Template {
  const jinja = findJinja(text);
  if (jinja) throw new Mistake(jinja.message, at(jinja.offset, jinja.length), jinja.hint);
  const body = parseBody(text, at);
  const starts = lineStarts(text);
  const place = (loc: hbs.AST.SourceLocation): Position => {
    const from = offsetOf(starts, loc.start);
    return at(from, loc.start.line === loc.end.line ? offsetOf(starts, loc.end) - from : 1);
  };
  checkBlock(body, place);
  const [only] = body.body;
  const single =
    keepsType && body.body.length === 1 && only?.type === 'MustacheStatement' && text.startsWith('{{');
  return {
    body,
    single: single && text.endsWith('}}') ? (only as hbs.AST.MustacheStatement) : undefined,
    place,
  };
}

function parseBody(text: string, at: Places): hbs.AST.Program {
  try {
    return Handlebars.parse(text);
  } catch (error) {
    throw syntaxMistake(text, at, error as Error);
  }
}

/** Handlebars names only the line (and draws a picture of the column): the culprit is found in the text itself. */
function syntaxMistake(text: string, at: Places, error: Error): Mistake {
  const line = Number(/Parse error on line (\d+)/.exec(error.message)?.[1] ?? '1');
  const from = lineStarts(text)[line - 1] ?? 0;
  const dotted = /\{\{\s*\.\w/.exec(text);
  if (dotted && dotted.index >= 0 && error.message.includes("'SEP'"))
    return new Mistake(
      'a name cannot begin with a dot',
      at(dotted.index, 3),
      'write \\{{.Name}} if the braces are meant for another program (Go templates of docker, systemd…)',
    );
  const mismatch = /^(\w+) doesn't match (\w+) - (\d+):(\d+)/.exec(error.message);
  if (mismatch)
    return new Mistake(
      `{{#${mismatch[1]}}} is closed by {{/${mismatch[2]}}}`,
      at((lineStarts(text)[Number(mismatch[3]) - 1] ?? 0) + Number(mismatch[4])),
      `write {{/${mismatch[1]}}}`,
    );
  if (error.message.includes("got 'EOF'")) {
    const open = unclosedBlock(text);
    if (open)
      return new Mistake(
        `{{#${open.name}}} is never closed`,
        at(open.offset, 3),
        `write {{/${open.name}}} where it ends`,
      );
  }
  const mustache = text.indexOf('{{', from);
  const shown = /\{\{[^}]*\}{0,3}/.exec(text.slice(Math.max(0, mustache)))?.[0] ?? '{{';
  const unclosed = !shown.endsWith('}}');
  return new Mistake(
    unclosed ? `\`${shown.trim()}\` is not closed` : `\`${shown}\` is not understood`,
    at(Math.max(0, mustache), shown.length),
    unclosed
      ? 'write }} at its end, or \\{{ if the braces are meant literally'
      : 'write {{ name }}, {{ function argument }}, or \\{{ if the braces are meant literally',
  );
}

function unclosedBlock(text: string): { name: string; offset: number } | undefined {
  const open: { name: string; offset: number }[] = [];
  for (const match of text.matchAll(/\{\{([#/])\s*(\w+)/g)) {
    if (match[1] === '#') open.push({ name: match[2] ?? '', offset: match.index });
    else open.pop();
  }
  return open.at(-1);
}

function checkBlock(block: hbs.AST.Program, place: Template['place']): void {
  for (const statement of block.body) checkStatement(statement, place);
}

function checkStatement(statement: hbs.AST.Statement, place: Template['place']): void {
  switch (statement.type) {
    case 'ContentStatement':
    case 'CommentStatement':
      return;
    case 'MustacheStatement':
      checkCall(statement as hbs.AST.MustacheStatement, place);
      return;
    case 'BlockStatement': {
      const block = statement as hbs.AST.BlockStatement;
      checkBlockName(block, place);
      for (const param of block.params) checkExpression(param, place);
      checkBlock(block.program, place);
      if (block.inverse) checkBlock(block.inverse, place);
      return;
    }
    default:
      throw new Mistake(
        'partials, decorators and raw blocks are not supported',
        place(statement.loc),
        'write the text out, or put it into a variable',
      );
  }
}

function checkBlockName(block: hbs.AST.BlockStatement, place: Template['place']): void {
  const name = (block.path as hbs.AST.PathExpression).original;
  if (!BLOCK_FUNCTIONS.some((known) => known === name))
    throw new Mistake(
      `there is no block {{#${name}}}`,
      place(block.path.loc),
      didYouMean(String(name), BLOCK_FUNCTIONS, 'blocks'),
    );
  if (block.params.length !== 1)
    throw new Mistake(
      `{{#${name}}} wants one argument, found ${block.params.length}`,
      place(block.path.loc),
      'put a call in parentheses: {{#if (eq a b)}}',
    );
}

function checkExpression(expression: hbs.AST.Expression, place: Template['place']): void {
  if (expression.type === 'SubExpression') checkCall(expression as hbs.AST.SubExpression, place);
}

function checkCall(call: hbs.AST.MustacheStatement | hbs.AST.SubExpression, place: Template['place']): void {
  if (call.hash)
    throw new Mistake(
      'named arguments (a=b) are not supported',
      place(call.hash.loc),
      'write the arguments in order',
    );
  if (call.path.type !== 'PathExpression') return;
  const path = call.path as hbs.AST.PathExpression;
  const name = path.original;
  const arity = isPlainName(path) && Object.hasOwn(FUNCTION_ARITY, name) ? FUNCTION_ARITY[name] : undefined;
  if (!arity && name === 'default')
    throw new Mistake(
      'there is no function `default`: its argument would have to be read first, and reading what is undefined is an error',
      place(path.loc),
      'write {{optional "a.b" "default"}}, with the path in quotes',
    );
  if (!arity && (call.params.length > 0 || call.type === 'SubExpression'))
    throw new Mistake(
      `there is no function \`${name}\``,
      place(path.loc),
      didYouMean(name, Object.keys(FUNCTION_ARITY), 'functions'),
    );
  if (arity && (call.params.length < arity[0] || call.params.length > arity[1]))
    throw new Mistake(
      `${name} wants ${arity[0]} argument${arity[0] === 1 ? '' : 's'}, found ${call.params.length}`,
      place(path.loc),
      name === 'lookup'
        ? 'go one step at a time: (lookup (lookup users 0) "name"), or users.[0].name'
        : undefined,
    );
  for (const param of call.params) checkExpression(param, place);
}

function isPlainName(path: hbs.AST.PathExpression): boolean {
  return !path.data && path.depth === 0 && path.parts.length === 1 && path.original === path.parts[0];
}

function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) starts.push(at + 1);
  return starts;
}

function offsetOf(starts: readonly number[], { line, column }: hbs.AST.Position): number {
  return (starts[line - 1] ?? 0) + column;
}
