import type { ConditionEnvironment } from './condition-environment.ts';

/** A node of CEL's syntax tree, as far as we look into it. */
export interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly end: number;
  readonly input: string;
  readonly meta: {
    readonly evaluate: (evaluator: Evaluator, node: Node, context: unknown) => unknown;
    readonly alternate?: Node;
    readonly macro?: { readonly args?: readonly Node[] };
  };
  evaluate: (evaluator: Evaluator, node: Node, context: unknown) => unknown;
}

interface Evaluator {
  run(node: Node, context: unknown): unknown;
}

/** What a quantifier over an empty list is reported as. */
export const EMPTY_QUANTIFIER = 'empty_quantifier';

/** Something found while evaluating, with its place in the text; same fields as CEL's own errors. */
export class ConditionFault extends Error {
  readonly code: string;
  readonly node: Node;
  readonly range: { readonly start: number; readonly end: number };

  constructor(code: string, message: string, node: Node) {
    super(message);
    this.code = code;
    this.node = node;
    this.range = { start: node.start, end: node.end };
  }
}

/** Lets a function be called by a name that CEL uses otherwise. */
export function renameCalls(root: Node, from: string, to: string): void {
  walk(root, (node) => {
    if (node.op === 'call' && Array.isArray(node.args) && node.args[0] === from) node.args[0] = to;
  });
}

/** `has(r.typo)` is false and no error to CEL: the first such path that cannot exist. Variables may be absent. */
export function misspeltHas(root: Node, environment: ConditionEnvironment): Error | undefined {
  let found: Error | undefined;
  walk(root, (node) => {
    const [path] = node.meta.macro?.args ?? [];
    if (found || node.op !== 'call' || !path || !Array.isArray(node.args) || node.args[0] !== 'has') return;
    const text = path.input.slice(path.start, path.end);
    if (/^(vars|hostvars)\b/.test(text)) return;
    const { error } = environment.cel.check(path.input.slice(0, path.start).replace(/[^\n]/g, ' ') + text);
    if (error && 'code' in error && error.code === 'no_such_key') found = error;
  });
  return found;
}

/** Reports every read of an undefined field when it happens, and (strict) every quantifier over nothing. */
export function guardReads(root: Node, report: (error: Error) => void, strict: boolean): void {
  walk(root, (node) => {
    if (node.op === '.' || node.op === '[]') node.evaluate = guardedRead(report);
    if (strict && node.op === 'comprehension' && (node.args as { kind?: string }).kind === 'quantifier')
      node.evaluate = guardedQuantifier(report);
  });
}

function guardedRead(report: (error: Error) => void): Node['evaluate'] {
  return (evaluator, node, context) => {
    try {
      return node.meta.evaluate(evaluator, node, context);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'no_such_key') report(error);
      throw error;
    }
  };
}

function guardedQuantifier(report: (error: Error) => void): Node['evaluate'] {
  return (evaluator, node, context) => {
    const { iterable } = node.args as { iterable: Node };
    const items = evaluator.run(iterable, context);
    if (Array.isArray(items) ? items.length === 0 : Object.keys(items as object).length === 0) {
      const fault = new ConditionFault(EMPTY_QUANTIFIER, textOf(iterable), node);
      report(fault);
      throw fault;
    }
    return node.meta.evaluate(evaluator, node, context);
  };
}

export function textOf(node: Node): string {
  return node.input.slice(node.start, node.end);
}

/** Calls `see` for every node of a tree. */
export function visit(root: Node, see: (node: Node) => void): void {
  walk(root, see);
}

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) walk(item, visit);
    return;
  }
  if (typeof value !== 'object' || value === null) return;
  if (!isNode(value)) {
    // The parts of a comprehension stand in a plain object.
    if (value.constructor === Object) for (const part of Object.values(value)) walk(part, visit);
    return;
  }
  visit(value);
  walk(value.meta.alternate ?? value.args, visit);
}

function isNode(value: object): value is Node {
  return 'op' in value && 'meta' in value;
}
