import { isCollection, isMap, isScalar, LineCounter, parseDocument, type Scalar, visit } from 'yaml';
import { mistake, type Position } from '../core/diagnostic.ts';
import { isEnvelope } from './envelopes.ts';
import { explainSyntax } from './yaml-syntax.ts';

/** Marks a value that is to be encrypted: what `fanops secrets edit` shows, and what it looks for afterwards. */
export const SECRET_TAG = '!secret';

/** One text of a YAML file that is encrypted, or is to be. */
export interface SecretValue {
  /** Keys and indexes that lead to it, joined by dots. */
  readonly path: string;
  readonly text: string;
  readonly state: 'encrypted' | 'tagged' | 'plain';
  readonly position: Position;
  /** Where it stands in the file, its tag included. */
  readonly from: number;
  readonly to: number;
  /** How far a block below it is indented. */
  readonly indent: number;
  /** Inside of braces or brackets, where no block can stand. */
  readonly isInFlow: boolean;
}

/** Every text of a YAML file, in order. Throws an InputError where the file is no YAML. */
export function textsOf(file: string, text: string): SecretValue[] {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: 'silent' });
  const positionAt = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  const [error] = document.errors;
  if (error) {
    const { message, hint, offset } = explainSyntax(error, text, lines);
    throw mistake(message, { position: positionAt(offset), ...(hint === undefined ? {} : { hint }) });
  }
  const found: SecretValue[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.range) return;
      const from = startOf(text, node);
      found.push({
        path: pathOf([...ancestors, node]),
        text: node.value,
        state: stateOf(node),
        position: positionAt(from),
        from,
        to: node.range[1],
        indent: indentAt(text, from),
        isInFlow: ancestors.some((one) => isCollection(one) && one.flow === true),
      });
    },
  });
  return found;
}

/** What stands at a path that leads to no text, in words; undefined where nothing is there. */
export function kindAt(text: string, path: string): string | undefined {
  const keys = path.split('.').map((key) => (/^\d+$/.test(key) ? Number(key) : key));
  const node = parseDocument(text, { logLevel: 'silent' }).getIn(keys, true);
  if (isCollection(node)) return 'a mapping or a list';
  if (!isScalar(node)) return undefined;
  return node.value === null ? 'empty' : `a ${typeof node.value}`;
}

/** Puts other texts in the place of values; everything else of the file stays as it is. */
export function replaceValues(
  text: string,
  replacements: readonly { readonly value: SecretValue; readonly by: string }[],
): string {
  return [...replacements]
    .sort((a, b) => b.value.from - a.value.from)
    .reduce((rest, { value, by }) => {
      const [written, to] = withoutItsEnd(rest, value);
      const [comment] = /(?<=^\S*)[ \t]+#.*/.exec(written) ?? [''];
      const [head = '', ...below] = by.split('\n');
      return rest.slice(0, value.from) + [head + comment, ...below].join('\n') + rest.slice(to);
    }, text);
}

/** What stands for the value up to the end of its last line, and a comment on that line taken as part of it. */
function withoutItsEnd(text: string, value: SecretValue): readonly [comment: string, to: number] {
  const written = text.slice(value.from, value.to);
  if (written.endsWith('\n')) return [firstLine(written.replace(SECRET_TAG, '').trimStart()), value.to - 1];
  const behind = value.isInFlow ? '' : firstLine(text.slice(value.to));
  return [behind, value.to + behind.length];
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}

/** An armored age file as the value: a block below its key. Throws an InputError where no block can stand. */
export function asBlock(value: SecretValue, armored: string): string {
  if (value.isInFlow)
    throw mistake(
      `\`${value.path}\` stands inside of braces or brackets, where an encrypted value does not fit`,
      {
        position: value.position,
        hint: 'write it on a line of its own: `name: value`',
      },
    );
  return block('|', value.indent, armored);
}

/** A text to be encrypted, for people to edit. */
export function asTagged(value: SecretValue, text: string): string {
  const isPlainBlock = /^\S.*\n/.test(text) && /\S\n$/.test(text) && !/[\r\t\0]/.test(text);
  return `${SECRET_TAG} ${isPlainBlock ? block('|', value.indent, text) : JSON.stringify(text)}`;
}

function block(indicator: string, indent: number, text: string): string {
  const lines = text.trimEnd().split('\n');
  return [indicator, ...lines.map((line) => (line === '' ? '' : ' '.repeat(indent) + line))].join('\n');
}

function stateOf(node: Scalar): SecretValue['state'] {
  if (node.tag === SECRET_TAG) return 'tagged';
  return isEnvelope(String(node.value)) ? 'encrypted' : 'plain';
}

/** The node's range begins behind its tag. */
function startOf(text: string, node: Scalar): number {
  const from = node.range?.[0] ?? 0;
  if (node.tag !== SECRET_TAG) return from;
  const before = text.lastIndexOf(SECRET_TAG, from);
  return before < 0 ? from : before;
}

/** A block must stand deeper than the key of its value, whatever dashes stand before that. */
function indentAt(text: string, offset: number): number {
  const start = text.lastIndexOf('\n', offset - 1) + 1;
  const lead = /^ *(?:- +)*/.exec(text.slice(start, offset))?.[0].length ?? 0;
  return lead + 2;
}

function pathOf(nodes: readonly unknown[]): string {
  const parts: string[] = [];
  nodes.forEach((node, index) => {
    const parent = nodes[index - 1];
    if (isMap(parent)) {
      const pair = parent.items.find((one) => one === node);
      if (pair && isScalar(pair.key)) parts.push(String(pair.key.value));
    } else if (isCollection(parent)) parts.push(String(parent.items.indexOf(node as never)));
  });
  return parts.join('.');
}
