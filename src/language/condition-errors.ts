import type { ConditionEnvironment } from './condition-environment.ts';
import { BYTES } from './condition-functions.ts';
import { EMPTY_QUANTIFIER, type Node, textOf } from './condition-tree.ts';
import type { LocatedScalar } from './located.ts';
import { didYouMean, nearest } from './nearest.ts';
import { Mistake } from './problems.ts';
import type { Shape } from './shape.ts';

interface CelFault extends Error {
  readonly code?: string;
  readonly summary?: string;
  readonly node?: Node;
  readonly range?: { readonly start: number; readonly end: number };
}

/** Habits of Jinja and Python, and what CEL has instead. Matched outside of quoted text. */
const FOREIGN: readonly (readonly [RegExp, string, string])[] = [
  [/\bis\s+not\s+defined\b/, 'is not defined', 'write !has(vars.x)'],
  [/\bis\s+defined\b/, 'is defined', 'write has(vars.x)'],
  [
    /\bis\s+(not\s+)?(succeeded|success|failed|changed|skipped)\b/,
    'is …',
    'write r.changed, r.failed or !r.failed',
  ],
  [/\bis\s+(not\s+)?\w+/, 'is …', "write == or !=: vars.x == 'y'"],
  [/\bnot\s+in\b/, 'not in', 'write !(x in y)'],
  [/\band\b/, 'and', 'write &&'],
  [/\bor\b/, 'or', 'write ||'],
  [/\bnot\b/, 'not', 'write !'],
  [/(?<!\|)\|(?!\|)/, '|', 'there are no filters: see docs/language.md for functions'],
  [/\bTrue\b/, 'True', 'write true'],
  [/\bFalse\b/, 'False', 'write false'],
  [/\bNone\b/, 'None', 'write null'],
  [/(?<![=!<>])=(?!=)/, '=', 'write =='],
];

const FUNCTIONS: readonly string[] = (
  'size has all exists exists_one filter map lsn bytes duration timestamp int double string bool type ' +
  'contains startsWith endsWith matches indexOf substring join split lowerAscii upperAscii trim'
).split(' ');

const TOKENS: { readonly [token: string]: string } = {
  RPAREN: '`)`',
  RBRACKET: '`]`',
  RBRACE: '`}`',
  COLON: '`:`',
};

/** What is wrong with a condition before it is even parsed: templates in it. */
export function explainText(
  text: string,
  node: LocatedScalar,
  _environment: ConditionEnvironment,
): Mistake | undefined {
  const braces = text.indexOf('{{');
  if (braces < 0) return undefined;
  const inner = /\{\{\s*([\w.]+)\s*\}\}/.exec(text)?.[1];
  return new Mistake(
    'conditions are expressions, not templates: {{ }} does not belong here',
    node.at(braces, 2),
    `write ${inner ? `vars.${inner}` : 'vars.name'}, without braces`,
  );
}

/** Turns what CEL objects to into a mistake at its place in the file. */
export function explainCondition(
  error: Error,
  text: string,
  node: LocatedScalar,
  environment: ConditionEnvironment,
): Mistake {
  if (error instanceof Mistake) return error;
  const fault = error as CelFault;
  const start = fault.range?.start ?? 0;
  const length = Math.max(1, (fault.range?.end ?? start) - start);
  const at = node.at(Math.min(start, Math.max(0, text.length - 1)), length);
  const tree = fault.node;
  switch (fault.code) {
    case 'unknown_variable':
      return unknownName(textAt(text, fault), at, text, node, environment);
    case 'no_such_key':
      return unknownField(fault, at, text, node, environment);
    case EMPTY_QUANTIFIER:
      return new Mistake(
        `\`${fault.message}\` is empty, so that \`${tree ? textOf(tree) : ''}\` says nothing`,
        at,
        `write size(${fault.message}) > 0 && …, or size(${fault.message}) == 0 || … if an empty list is good`,
      );
    default: {
      const habit = foreign(text, node);
      if (habit) return habit;
      return new Mistake(inWords(fault), at, hintFor(fault));
    }
  }
}

function unknownName(
  name: string,
  at: Mistake['position'],
  text: string,
  node: LocatedScalar,
  environment: ConditionEnvironment,
): Mistake {
  const habit = foreign(text, node);
  if (habit) return habit;
  const vars = fieldsOf(environment.root.vars);
  if (vars.includes(name))
    return new Mistake(
      `\`${name}\` is a variable: conditions read it as vars.${name}`,
      at,
      `write vars.${name}`,
    );
  const by = environment.later.get(name);
  if (by !== undefined)
    return new Mistake(
      `\`${name}\` is registered only later, by "${by}"`,
      at,
      'move this task below that one',
    );
  if (fieldsOf(environment.root.facts).includes(name))
    return new Mistake(`there is no \`${name}\``, at, `write facts.${name}`);
  if (name.startsWith('ansible_'))
    return new Mistake(
      `there is no \`${name}\``,
      at,
      'facts of the host are facts.NAME, such as facts.codename',
    );
  if (name === 'item')
    return new Mistake(
      'there is no `item`',
      at,
      'it exists in a task with `loop`, but not in until, changed_when, failed_when',
    );
  const near = nearest(name, [...Object.keys(environment.root), ...environment.registers]);
  const variable = nearest(name, vars);
  const meant = near ?? (variable && `vars.${variable}`);
  return new Mistake(
    `there is no \`${name}\``,
    at,
    meant
      ? `did you mean \`${meant}\`?`
      : 'variables are vars.NAME; other names are registers, facts, groups, hostvars, inventory_hostname',
  );
}

function unknownField(
  fault: CelFault,
  at: Mistake['position'],
  text: string,
  node: LocatedScalar,
  environment: ConditionEnvironment,
): Mistake {
  const tree = fault.node;
  const field = /No such key: (.*)/.exec(fault.summary ?? fault.message)?.[1] ?? '';
  const [left] = (tree?.args ?? []) as [Node & { checkedType?: { name: string } }];
  const container = left ? textOf(left) : '';
  const shape = environment.objects.get(left?.checkedType?.name ?? '');
  if (fieldsOf(shape).includes(field))
    return new Mistake(
      `\`${container}.${field}\` has no value here`,
      at,
      `ask first: has(${container}.${field}) && …, or give it a value`,
    );
  if (container === 'vars')
    return new Mistake(
      `variable \`${field}\` is not defined`,
      at,
      nearVariable(field, fieldsOf(shape)) ??
        'define it in the inventory, in `defaults:` of the play, or with -e',
    );
  const habit = /^\w+$/.test(container) && !(container in environment.root) ? foreign(text, node) : undefined;
  if (habit) return habit;
  return new Mistake(
    `\`${container}\` has no \`${field}\``,
    at,
    didYouMean(field, fieldsOf(shape), 'there are'),
  );
}

function nearVariable(field: string, known: readonly string[]): string | undefined {
  const near = nearest(field, known);
  return near && `did you mean \`${near}\`?`;
}

function foreign(text: string, node: LocatedScalar): Mistake | undefined {
  const bare = text.replace(/'[^']*'|"[^"]*"/g, (quoted) => ' '.repeat(quoted.length));
  for (const [pattern, name, hint] of FOREIGN) {
    const match = pattern.exec(bare);
    if (match)
      return new Mistake(
        `\`${name}\` is not part of the condition language (CEL)`,
        node.at(match.index, match[0].length),
        hint,
      );
  }
  return undefined;
}

function inWords(fault: CelFault): string {
  const summary = (fault.summary ?? fault.message)
    .replaceAll(BYTES, 'bytes')
    .replace(/object\.[\w.$]+/g, 'mapping');
  const overload = /^no such overload: (\S+) (\S+) (\S+)$/.exec(summary);
  if (overload && /secret/.test(summary)) return 'a condition cannot see the text of a secret';
  if (overload)
    return `${named(overload[1])} ${overload[2]} ${named(overload[3])} does not work: the two sides have different types`;
  const negation = /^no such overload: ([!-])(\S+)$/.exec(summary);
  if (negation) return `${negation[1]} does not work on ${named(negation[2])}`;
  if (/secret/.test(summary)) return 'a condition cannot see the text of a secret';
  const logical = /Logical operator requires bool operands, got '(\S+)'/.exec(summary);
  if (logical) return `&& and || want true or false on both sides, found ${named(logical[1])}`;
  const missing = /^Expected (\w+), got/.exec(summary);
  if (missing) return `a ${TOKENS[missing[1] ?? ''] ?? missing[1]} is missing`;
  const call = /found no matching overload for '(?:[\w<>, ]+\.)?(\w+)\((.*)\)'/.exec(summary);
  if (call && FUNCTIONS.includes(call[1] ?? ''))
    return `${call[1]}() does not take ${
      (call[2] ?? '')
        .replace(/<[^()]*>/g, '')
        .split(', ')
        .map(kind)
        .join(', ') || 'no argument'
    }`;
  if (call)
    return `there is no function \`${call[1]}\` for ${
      (call[2] ?? '')
        .replace(/<[^()]*>/g, '')
        .split(', ')
        .map(kind)
        .join(', ') || 'this'
    }`;
  if (summary === 'Unexpected token: EOF') return 'the condition ends too early';
  if (/^Unexpected (token|character)/.test(summary))
    return `the condition is not understood: ${lower(summary)}`;
  return lower(summary);
}

function hintFor(fault: CelFault): string | undefined {
  const summary = fault.summary ?? fault.message;
  if (/secret/.test(summary)) return 'ask for .present or .fingerprint';
  const called = /found no matching overload for '(?:[\w<>, ]+\.)?(\w+)\(/.exec(summary)?.[1];
  if (called === undefined || FUNCTIONS.includes(called)) return undefined;
  return called === 'len' || called === 'length'
    ? 'write size(x)'
    : didYouMean(called, FUNCTIONS, 'functions');
}

function named(type: string | undefined): string {
  if (type === 'string') return 'text';
  if (type === 'int' || type === 'double') return 'number';
  if (type === 'bool') return 'true/false';
  return (type ?? '').replace(/^dyn<(.*)>$/, '$1');
}

function kind(type: string): string {
  if (/^(list|map)/.test(type)) return type.startsWith('list') ? 'a list' : 'a mapping';
  const name = named(type);
  return ['text', 'number', 'mapping'].includes(name) ? `a ${name}` : name;
}

function textAt(text: string, fault: CelFault): string {
  return text.slice(fault.range?.start ?? 0, fault.range?.end ?? text.length);
}

function fieldsOf(shape: Shape | undefined): string[] {
  return shape?.kind === 'object' ? Object.keys(shape.fields) : [];
}

function lower(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
