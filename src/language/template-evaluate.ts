import { Secret } from '../core/secret.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import { isNames, type Names } from './names.ts';
import { didYouMean } from './nearest.ts';
import { Mistake, UnknownRead } from './problems.ts';
import type { Template } from './template.ts';
import { TEMPLATE_FUNCTIONS, textOf, truth } from './template-functions.ts';
import { TextOutput } from './text-output.ts';

type Readable = Value | Names;

/** Where names are looked up: the current item of an `each` or `with`, and what is around it. */
interface Frame {
  readonly context: Readable;
  readonly around: Frame | undefined;
  readonly data: { readonly [name: string]: Readable };
  readonly blockParams: { readonly [name: string]: Readable };
}

/** Reading a name that does not exist: its own kind, because `optional` catches it. */
class Undefined extends Mistake {}

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
        return this.#path(expression as hbs.AST.PathExpression, frame);
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
        return this.#lookup(call, at(0), at(1));
      case 'optional':
        return this.#optional(call, frame);
      default: {
        const args = params.map((_, index) => at(index)) as Value[];
        return this.#try(call, () => TEMPLATE_FUNCTIONS[name]?.(args) ?? null);
      }
    }
  }

  #lookup(
    call: hbs.AST.Node & { params: hbs.AST.Expression[] },
    container: Readable,
    key: Readable,
  ): Readable {
    if (typeof key !== 'string' && typeof key !== 'number')
      throw this.#mistake(`lookup wants a name or an index, found ${describe(key as Value)}`, call);
    const found = member(container, String(key));
    if (found === undefined)
      throw this.#undefined(pathText(call.params[0] as hbs.AST.Node), String(key), container, call);
    return found;
  }

  #optional(call: { params: hbs.AST.Expression[] } & hbs.AST.Node, frame: Frame): Readable {
    const [path, fallback] = call.params as [hbs.AST.Expression, hbs.AST.Expression];
    if (path.type !== 'StringLiteral')
      throw this.#mistake(
        'optional wants the path in quotes: read before it, it would be an error',
        path,
        `write {{optional "${pathText(path)}" …}}`,
      );
    const parts = (path as hbs.AST.StringLiteral).value.split('.');
    let value: Readable | undefined = frame.context;
    try {
      value = this.#first(parts[0] ?? '', frame, path);
      for (const part of parts.slice(1))
        value = value === null ? undefined : member(known(value ?? null), part);
    } catch (error) {
      if (!(error instanceof Undefined)) throw error;
      value = undefined;
    }
    return value === undefined || value === null ? this.#value(fallback, frame) : value;
  }

  /** The first name of an optional path: in the item, else among the variables. */
  #first(name: string, frame: Frame, node: hbs.AST.Node): Readable | undefined {
    for (let at: Frame | undefined = frame; at; at = at.around) {
      const found =
        at.blockParams[name] ??
        (isNames(at.context) || isRecord(at.context as Value) ? member(at.context, name) : undefined);
      if (found !== undefined) return found;
    }
    void node;
    return undefined;
  }

  #path(path: hbs.AST.PathExpression, frame: Frame): Readable {
    let at: Frame | undefined = frame;
    for (let depth = path.depth; depth > 0; depth -= 1) at = at?.around;
    if (!at) throw this.#mistake(`\`${path.original}\` goes further up than there is anything`, path);
    let parts = path.parts;
    let value: Readable = at.context;
    let read = '';
    if (path.data) {
      value = this.#data(path, frame);
      read = `@${parts[0]}`;
      parts = parts.slice(1);
    } else if (path.depth === 0 && parts[0] !== undefined && !path.original.startsWith('this')) {
      const bound = at.blockParams[parts[0]];
      if (bound !== undefined) [value, read, parts] = [bound, parts[0], parts.slice(1)];
    }
    for (const part of parts) {
      const container: Readable = known(value);
      const found: Readable | undefined = member(container, part);
      if (found === undefined) throw this.#undefined(read, part, container, path, frame);
      value = found;
      read = read === '' ? part : `${read}.${part}`;
    }
    return value;
  }

  #data(path: hbs.AST.PathExpression, frame: Frame): Readable {
    const name = path.parts[0] ?? '';
    for (let at: Frame | undefined = frame; at; at = at.around) {
      const found = at.data[name];
      if (found !== undefined) return found;
    }
    throw this.#mistake(
      `\`@${name}\` is not defined here`,
      path,
      'inside {{#each}} there are @index, @key, @first, @last; everywhere @root',
    );
  }

  #undefined(read: string, part: string, container: Readable, node: hbs.AST.Node, frame?: Frame): Mistake {
    const place = this.#template.place(node.loc);
    if (read === '' && isNames(container) && !frame?.around)
      return new Undefined(
        `${container.what} \`${part}\` is not defined`,
        place,
        didYouMean(part, container.names()) ?? 'define it in the inventory, in `vars:`, or with -e',
      );
    if (read === '' && frame?.around) {
      const outer = rootOf(frame);
      const hint =
        member(outer, part) === undefined
          ? undefined
          : `inside a block names are those of the item; write {{@root.${part}}}`;
      return new Undefined(
        `the item has no \`${part}\`: it is ${isNames(container) ? 'a mapping' : describe(container as Value)}`,
        place,
        hint ?? fieldHint(part, container),
      );
    }
    if (isNames(container))
      return new Undefined(`\`${read}\` has no \`${part}\``, place, fieldHint(part, container));
    const what = isRecord(container) || Array.isArray(container) ? '' : `: it is ${describe(container)}`;
    return new Undefined(
      `\`${read || 'this'}\` has no \`${part}\`${what}`,
      place,
      fieldHint(part, container),
    );
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

function inner(
  frame: Frame,
  context: Readable,
  data: { readonly [name: string]: Readable },
  statement: hbs.AST.BlockStatement,
): Frame {
  const [item, key] = statement.program.blockParams ?? [];
  const blockParams = {
    ...frame.blockParams,
    ...(item !== undefined && { [item]: context }),
    ...(key !== undefined && data.key !== undefined && { [key]: data.key }),
  };
  return { context, around: frame, data, blockParams };
}

function rootOf(frame: Frame): Readable {
  return frame.around ? rootOf(frame.around) : frame.context;
}

function member(container: Readable, name: string): Readable | undefined {
  if (isNames(container)) return container.get(name);
  if (Array.isArray(container)) return name === 'length' ? container.length : container[Number(name)];
  return isRecord(container as Value) && Object.hasOwn(container as object, name)
    ? (container as { readonly [key: string]: Value })[name]
    : undefined;
}

function known(value: Readable): Readable {
  if (value instanceof Unknown) throw new UnknownRead(value);
  return value;
}

function fieldHint(part: string, container: Readable): string | undefined {
  if (isNames(container)) return didYouMean(part, container.names(), 'there are');
  return isRecord(container as Value)
    ? didYouMean(part, Object.keys(container as object), 'there are')
    : undefined;
}

function pathText(node: hbs.AST.Node): string {
  if ('path' in node) return pathText(node.path as hbs.AST.Node);
  return 'original' in node ? String(node.original) : '…';
}
