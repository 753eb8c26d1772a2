import { Secret } from '../core/secret.ts';
import { isRecord, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import { isNames, type Names } from './names.ts';
import { Mistake, UnknownRead } from './problems.ts';
import type { Template } from './template.ts';
import { TEMPLATE_FUNCTIONS, textOf, truth } from './template-functions.ts';
import {
  type Frame,
  inner,
  known,
  lookUp,
  member,
  pathText,
  type Readable,
  readOptional,
  readPath,
} from './template-read.ts';
import { TextOutput } from './text-output.ts';

/** Renders a template to a text, or to the value itself where it is exactly one path. Throws UnknownRead. */
export function evaluateTemplate(template: Template, scope: Names): Value {
  const root: Frame = { context: scope, around: undefined, data: { root: scope }, blockParams: {} };
  const evaluation = new Evaluation(template);
  if (template.single) return evaluation.single(template.single, root);
  const output = new TextOutput();
  evaluation.block(template.body, root, output);
  return output.finish();
}

/** One walk over one template. A class only because every step needs the template for its places. */
class Evaluation {
  readonly #template: Template;

  constructor(template: Template) {
    this.#template = template;
  }

  single(statement: hbs.AST.MustacheStatement, frame: Frame): Value {
    const value = this.#call(statement, frame);
    if (isNames(value))
      throw this.#mistake(`${statement.path.loc && pathText(statement)} is not a value`, statement);
    return value;
  }

  block(block: hbs.AST.Program, frame: Frame, output: TextOutput): void {
    for (const statement of block.body) {
      if (statement.type === 'ContentStatement') output.add((statement as hbs.AST.ContentStatement).value);
      else if (statement.type === 'MustacheStatement')
        this.#mustache(statement as hbs.AST.MustacheStatement, frame, output);
      else if (statement.type === 'BlockStatement')
        this.#blockCall(statement as hbs.AST.BlockStatement, frame, output);
    }
  }

  #mustache(statement: hbs.AST.MustacheStatement, frame: Frame, output: TextOutput): void {
    const value = known(this.#call(statement, frame));
    if (isNames(value) || value === null || (typeof value === 'object' && !(value instanceof Secret)))
      throw this.#notText(statement, value);
    output.add(textOf(value));
  }

  #notText(statement: hbs.AST.MustacheStatement, value: Readable): Mistake {
    const path = pathText(statement);
    const found = isNames(value) ? 'a mapping' : value === null ? 'null' : describe(value);
    const hint = Array.isArray(value)
      ? `write {{join ${path} ","}} or {{json ${path}}}`
      : value === null
        ? `give it a value, or leave it out with {{#if ${path}}}…{{/if}}`
        : `write {{json ${path}}}, or one of its fields: {{${path}.name}}`;
    return this.#mistake(`\`${path}\` is ${found}, which cannot stand in a text`, statement, hint);
  }

  #blockCall(statement: hbs.AST.BlockStatement, frame: Frame, output: TextOutput): void {
    const name = (statement.path as hbs.AST.PathExpression).original;
    const param = statement.params[0] as hbs.AST.Expression;
    const value = known(this.#value(param, frame));
    const otherwise = (): void => {
      if (statement.inverse) this.block(statement.inverse, frame, output);
    };
    if (name === 'each') {
      if (!this.#each(statement, value, frame, output)) otherwise();
      return;
    }
    const holds = isNames(value) || this.#try(param, () => truth(value as Value));
    if (name === 'with' && holds) this.block(statement.program, inner(frame, value, {}, statement), output);
    else if (name === 'if' ? holds : name === 'unless' && !holds)
      this.block(statement.program, frame, output);
    else otherwise();
  }

  /** Says whether there was anything to go through. */
  #each(statement: hbs.AST.BlockStatement, value: Readable, frame: Frame, output: TextOutput): boolean {
    const keys = isNames(value) ? value.names() : isRecord(value) ? Object.keys(value) : undefined;
    if (!keys && !Array.isArray(value))
      throw this.#mistake(
        `{{#each}} wants a list or a mapping, found ${describe(value as Value)}`,
        statement.params[0] as hbs.AST.Node,
      );
    const count = keys ? keys.length : (value as readonly Value[]).length;
    for (let index = 0; index < count; index += 1) {
      const key = keys?.[index];
      const item = known(member(value, key ?? String(index)) ?? null);
      const data = { index, key: key ?? index, first: index === 0, last: index === count - 1 };
      this.block(statement.program, inner(frame, item, data, statement), output);
    }
    return count > 0;
  }

  #value(expression: hbs.AST.Expression, frame: Frame): Readable {
    switch (expression.type) {
      case 'PathExpression':
        return readPath(expression as hbs.AST.PathExpression, frame, this.#template.place);
      case 'SubExpression':
        return this.#call(expression as hbs.AST.SubExpression, frame);
      case 'StringLiteral':
      case 'NumberLiteral':
      case 'BooleanLiteral':
        return (expression as hbs.AST.StringLiteral).value;
      default:
        return null;
    }
  }

  /** A path, or a function with its arguments. */
  #call(call: hbs.AST.MustacheStatement | hbs.AST.SubExpression, frame: Frame): Readable {
    const isCall = call.params.length > 0;
    if (!isCall) return this.#value(call.path as hbs.AST.Expression, frame);
    const name = (call.path as hbs.AST.PathExpression).original;
    const params = call.params;
    const at = (index: number): Readable => known(this.#value(params[index] as hbs.AST.Expression, frame));
    switch (name) {
      case 'and':
        return params.every((param, index) =>
          this.#try(param, () => isNames(at(index)) || truth(at(index) as Value)),
        );
      case 'or':
        return params.some((param, index) =>
          this.#try(param, () => isNames(at(index)) || truth(at(index) as Value)),
        );
      case 'lookup':
        return lookUp(call.params[0] as hbs.AST.Node, at(0), at(1), this.#template.place(call.loc));
      case 'optional':
        return this.#optional(call.params as [hbs.AST.Expression, hbs.AST.Expression], frame);
      default: {
        const args = params.map((_, index) => at(index)) as Value[];
        return this.#try(call, () => TEMPLATE_FUNCTIONS[name]?.(args) ?? null);
      }
    }
  }

  #optional([path, fallback]: [hbs.AST.Expression, hbs.AST.Expression], frame: Frame): Readable {
    if (path.type !== 'StringLiteral')
      throw this.#mistake(
        'optional wants the path in quotes: read before it, it would be an error',
        path,
        `write {{optional "${pathText(path)}" …}}`,
      );
    return readOptional((path as hbs.AST.StringLiteral).value, frame) ?? this.#value(fallback, frame);
  }

  /** Gives what a function objects to the place of its call. */
  #try<T>(node: hbs.AST.Node, work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (error instanceof Mistake || error instanceof UnknownRead || !(error instanceof Error)) throw error;
      throw this.#mistake(error.message, node);
    }
  }

  #mistake(message: string, node: hbs.AST.Node, hint?: string): Mistake {
    return new Mistake(message, this.#template.place(node.loc), hint);
  }
}
