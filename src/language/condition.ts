import type { Position } from '../core/diagnostic.ts';
import { Unknown } from '../core/value.ts';
import type { ConditionEnvironment } from './condition-environment.ts';
import { explainCondition, explainText } from './condition-errors.ts';
import { BYTES } from './condition-functions.ts';
import { pathsIn, seenText } from './condition-seen.ts';
import { guardReads, misspeltHas, type Node, renameCalls } from './condition-tree.ts';
import { ConditionValues } from './condition-values.ts';
import { describe } from './describe.ts';
import { type Located, type LocatedScalar, plainValue } from './located.ts';
import type { Names } from './names.ts';
import { Mistake, orUnknown, type Problems } from './problems.ts';

/** A checked condition. */
export interface Condition {
  /** As written. */
  readonly text: string;
  readonly position: Position;
  /** Unknown where it depends on what is not known yet. Throws a Mistake. */
  evaluate(scope: Names): boolean | Unknown;
  /** The values of what it reads, for saying why it does not hold. */
  seen(scope: Names): string;
}

export interface ConditionOptions {
  /** What it is the value of, for messages: `when`, `until`. */
  readonly key: string;
  /** A quantifier over an empty list is a mistake: where success is judged, it must not come from nothing. */
  readonly strict: boolean;
}

/** Parses and type-checks a condition. After a mistake, which is collected, it stands for "not known". */
export function compileCondition(
  node: Located,
  environment: ConditionEnvironment,
  options: ConditionOptions,
  problems: Problems,
): Condition {
  if (node.kind === 'scalar' && typeof node.value === 'boolean') return constant(node, node.value);
  // Only a tag leaves nothing, and has been refused already.
  if (node.kind === 'scalar' && node.plain && node.value === '')
    return constant(node, new Unknown('the condition is mended'));
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || node.value.trim() === '') {
    problems.error(
      `\`${options.key}\` must be a condition, found ${describe(plainValue(node))}`,
      node.position,
      "write an expression such as vars.x == 'y'",
    );
    return constant(node, new Unknown('the condition is mended'));
  }
  return (
    problems.collect(() => compile(node, node.value as string, environment, options), node.position) ??
    constant(node, new Unknown('the condition is mended'))
  );
}

function compile(
  node: LocatedScalar,
  text: string,
  environment: ConditionEnvironment,
  options: ConditionOptions,
): Condition {
  const foreign = explainText(text, node, environment);
  if (foreign) throw foreign;
  const mistakes: Mistake[] = [];
  const parsed = parse(text, node, environment);
  const tree = parsed.ast as unknown as Node;
  renameCalls(tree, 'bytes', BYTES);
  const checked = parsed.check();
  if (!checked.valid) throw explainCondition(checked.error as Error, text, node, environment);
  if (checked.type !== 'bool' && checked.type !== 'dyn')
    throw new Mistake(
      `\`${options.key}\` must be true or false, but this is ${article(checked.type ?? '')}`,
      node.position,
      "compare it with something: … == 'x', … > 0",
    );
  const misspelt = misspeltHas(tree, environment);
  if (misspelt) throw explainCondition(misspelt, text, node, environment);
  guardReads(
    tree,
    (error) => mistakes.push(explainCondition(error, text, node, environment)),
    options.strict,
  );

  const paths = pathsIn(tree, environment);
  return {
    text,
    position: node.position,
    seen: (scope) => seenText(paths, environment, new ConditionValues(environment, []), scope),
    evaluate(scope) {
      mistakes.length = 0;
      const values = new ConditionValues(environment, mistakes);
      let result: unknown;
      try {
        result = orUnknown(() => parsed(values.context(scope)));
      } catch (error) {
        throw placed(mistakes[0] ?? explainCondition(error as Error, text, node, environment), node);
      }
      // A mistake that CEL absorbed is one all the same.
      if (mistakes[0]) throw placed(mistakes[0], node);
      if (typeof result === 'boolean') return result;
      if (result instanceof Unknown) return result;
      throw new Mistake(
        `\`${options.key}\` must be true or false, found ${describe(typeof result === 'bigint' ? Number(result) : (result as string))}`,
        node.position,
        "compare it with something: … == 'x', … > 0",
      );
    },
  };
}

function parse(text: string, node: LocatedScalar, environment: ConditionEnvironment) {
  try {
    return environment.cel.parse(text);
  } catch (error) {
    throw explainCondition(error as Error, text, node, environment);
  }
}

/** Several conditions that must all hold; three-valued. */
export function allHold(conditions: readonly Condition[], scope: Names): boolean | Unknown {
  let unknown: Unknown | undefined;
  for (const condition of conditions) {
    const holds = condition.evaluate(scope);
    if (holds === false) return false;
    if (holds !== true) unknown ??= holds;
  }
  return unknown ?? true;
}

function constant(node: Located, value: boolean | Unknown): Condition {
  return { text: String(value), position: node.position, evaluate: () => value, seen: () => '' };
}

function placed(mistake: Mistake, node: LocatedScalar): Mistake {
  return mistake.position ? mistake : new Mistake(mistake.message, node.position, mistake.hint);
}

function article(type: string): string {
  if (type.startsWith('list')) return 'a list';
  if (type.startsWith('map') || type.startsWith('object')) return 'a mapping';
  if (type === 'string') return 'a text';
  if (type === 'secret') return 'a secret';
  return type === 'int' || type === 'double' ? 'a number' : `of type ${type}`;
}
