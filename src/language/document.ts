import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import type { Position } from '../core/diagnostic.ts';
import { isEnvelope } from './envelopes.ts';
import type { Entry, Located, LocatedScalar } from './located.ts';
import { scalarPlaces } from './places.ts';
import type { Problems } from './problems.ts';
import { explainSyntax, MOST_LEVELS, TOO_DEEP, TOO_DEEP_HINT } from './yaml-syntax.ts';

/** More nodes than any file of ours has: what only nested aliases can produce. */
const MOST_NODES = 200_000;

/** The text of one YAML file while it is being read. */
interface Reading {
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  readonly document: Document;
  readonly problems: Problems;
  left: number;
  level: number;
}

/** Reads one YAML document with all places kept; undefined when it is empty or too broken to go on. */
export function readDocument(file: string, text: string, problems: Problems): Located | undefined {
  problems.addSource(file, text);
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, {
    lineCounter: lines,
    prettyErrors: false,
    logLevel: 'silent',
    merge: false,
    // The parser compares each key with all before it; what stands twice is found below.
    uniqueKeys: false,
  });
  if (!Array.isArray(documents)) return undefined;
  const document = documents[0] as Document | undefined;
  if (!document) return undefined;
  const reading: Reading = { file, text, lines, document, problems, left: MOST_NODES, level: 0 };
  const second = documents[1] as Document | undefined;
  if (second)
    problems.error(
      'one YAML document was expected, a second one begins here',
      place(reading, second.range?.[0] ?? 0),
      'put it into a file of its own',
    );
  if (!reportSyntax(reading)) return undefined;
  return document.contents === null ? undefined : locate(reading, document.contents as Node);
}

/** Reports what the parser objects to; says whether the tree can still be used. */
function reportSyntax(reading: Reading): boolean {
  const { document, problems, text, lines } = reading;
  let usable = true;
  for (const error of [...document.errors, ...document.warnings]) {
    const { message, hint, offset, harmless } = explainSyntax(error, text, lines);
    problems.error(message, place(reading, offset), hint);
    usable &&= harmless;
    if (!harmless) break;
  }
  return usable;
}

function locate(reading: Reading, node: Node | null | undefined): Located {
  reading.left -= 1;
  if (reading.left === 0) reading.problems.error('the file expands to too many values', place(reading, 0));
  if (!node || reading.left <= 0) return nothing(reading, 0);
  if (isAlias(node)) return locateAlias(reading, node);
  refuseTag(reading, node);
  if (isScalar(node)) return locateScalar(reading, node);
  reading.level += 1;
  const located = locateCollection(reading, node);
  reading.level -= 1;
  return located;
}

function locateCollection(reading: Reading, node: Node): Located {
  if (reading.level > MOST_LEVELS) {
    reading.problems.error(TOO_DEEP, start(reading, node), TOO_DEEP_HINT);
    // Once is enough.
    reading.left = 0;
    return nothing(reading, 0);
  }
  if (isSeq(node))
    return {
      kind: 'list',
      position: start(reading, node),
      items: node.items.map((n) => locate(reading, n as Node)),
    };
  if (isMap(node)) return locateMapping(reading, node);
  throw new Error('a YAML node is a scalar, a list or a mapping');
}

function locateAlias(reading: Reading, node: Node): Located {
  const target = isAlias(node) ? node.resolve(reading.document) : undefined;
  if (target) return locate(reading, target as Node);
  reading.problems.error(
    'this alias names no anchor above it',
    start(reading, node),
    'write `&name` at the value',
  );
  return nothing(reading, node.range?.[0] ?? 0);
}

function locateMapping(reading: Reading, node: YAMLMap): Located {
  if (refuseBraces(reading, node)) return nothing(reading, node.range?.[0] ?? 0);
  const entries = node.items.map((pair) => locateEntry(reading, pair)).filter((entry) => entry !== undefined);
  refuseTwins(reading, entries);
  return { kind: 'mapping', position: start(reading, node), entries };
}

function refuseTwins({ problems }: Reading, entries: readonly Entry[]): void {
  const seen = new Set<string>();
  for (const { key, keyPosition } of entries) {
    if (seen.has(key))
      problems.error(
        `the key \`${key}\` stands twice in this mapping`,
        keyPosition,
        'remove one of the two: the later one would win silently elsewhere',
      );
    seen.add(key);
  }
}

function locateEntry(reading: Reading, pair: Pair): Entry | undefined {
  const key = pair.key as Node | null;
  if (isCollection(key)) {
    if (!(isMap(key) && refuseBraces(reading, key)))
      reading.problems.error('a key must be a text, found a list or a mapping', start(reading, key));
    return undefined;
  }
  const scalar = key as Scalar;
  const keyPosition = start(reading, scalar);
  if (scalar.value === '<<') {
    reading.problems.error(
      'merge keys (`<<`) are not part of YAML 1.2',
      keyPosition,
      'write the keys out, or use a variable',
    );
    return undefined;
  }
  refuseTag(reading, scalar);
  const text = scalar.value === null ? '' : (scalar.source ?? String(scalar.value));
  if (text === '') reading.problems.error('a key is missing before the colon', keyPosition);
  const value = pair.value as Node | null;
  return {
    key: text,
    keyPosition,
    value: value ? locate(reading, value) : nothing(reading, key?.range?.[1] ?? 0),
  };
}

function locateScalar(reading: Reading, node: Scalar): LocatedScalar {
  const plain = node.type === 'PLAIN';
  const written = node.source ?? String(node.value);
  const position = start(reading, node);
  const value = meantValue(reading, node, written, position);
  const at = scalarPlaces(
    reading.file,
    reading.text,
    node.range?.[0] ?? 0,
    String(value),
    reading.lines,
    position,
  );
  return { kind: 'scalar', position, value, plain, written, at };
}

/** The value, or what its author meant where that was refused, so that it is not refused twice. */
function meantValue(
  reading: Reading,
  node: Scalar,
  written: string,
  position: Position,
): LocatedScalar['value'] {
  const value = node.value as LocatedScalar['value'];
  if (node.tag?.startsWith('!')) return '';
  const { envelopes } = reading.problems;
  if (typeof value === 'string' && envelopes && isEnvelope(value)) return envelopes.secretIn(value, position);
  if (node.type !== 'PLAIN' || typeof value !== 'number') return value;
  return refuseNumber(reading, written, value, position) ? written : value;
}

/** Numbers that do not mean what they look like. */
function refuseNumber(reading: Reading, written: string, value: number, position: Position): boolean {
  if (/^[-+]?0\d+$/.test(written)) {
    reading.problems.error(
      `\`${written}\` is the decimal number ${value} in YAML 1.2, not an octal one`,
      position,
      `write "${written}"`,
    );
    return true;
  }
  if (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))
    reading.problems.error(`\`${written}\` is too large for a number`, position, `write "${written}"`);
  return false;
}

/** `{{ x }}` without quotes is a mapping of a mapping to YAML. Says whether it was one. */
function refuseBraces(reading: Reading, node: Node): boolean {
  const from = node.range?.[0] ?? 0;
  if (!/^\{\s*\{/.test(reading.text.slice(from, from + 20))) return false;
  const to = reading.text.indexOf('}}', from);
  const written = to < 0 ? '{{ x }}' : reading.text.slice(from, to + 2);
  reading.problems.error(
    'a value that begins with {{ must be quoted: YAML takes the braces for a mapping',
    start(reading, node),
    `write "${written}"`,
  );
  return true;
}

function refuseTag(reading: Reading, node: Node): void {
  // What the parser does not know it has warned of already, as an error.
  if (!node.tag?.startsWith('tag:yaml.org,')) return;
  const { source } = node as Scalar;
  reading.problems.error(
    'YAML tags (`!…`) are not used here',
    start(reading, node),
    source === undefined ? 'leave the tag out' : `leave the tag out; write "${source}" if it is a text`,
  );
}

function nothing(reading: Reading, offset: number): LocatedScalar {
  const position = place(reading, offset);
  return { kind: 'scalar', position, value: null, plain: true, written: '', at: () => position };
}

function start(reading: Reading, node: Node): Position {
  const [from, to] = node.range ?? [0, 0];
  const first = reading.lines.linePos(from);
  const last = reading.lines.linePos(to);
  const sameLine = last.line === first.line && last.col > first.col;
  return {
    file: reading.file,
    line: first.line,
    column: first.col,
    ...(sameLine && !isCollection(node) && { endColumn: last.col }),
  };
}

function place(reading: Reading, offset: number): Position {
  const { line, col } = reading.lines.linePos(Math.min(offset, reading.text.length));
  return { file: reading.file, line: Math.max(line, 1), column: Math.max(col, 1) };
}
