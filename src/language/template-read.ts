import type { Position } from '../core/diagnostic.ts';
import { isRecord, Unknown, type Value } from '../core/value.ts';
import { describe } from './describe.ts';
import { isNames, type Names } from './names.ts';
import { didYouMean, nearest } from './nearest.ts';
import { Mistake, UnknownRead } from './problems.ts';

/** What a path can lead to. */
export type Readable = Value | Names;

/** Where names are looked up: the current item of an `each` or `with`, and what is around it. */
export interface Frame {
  readonly context: Readable;
  readonly around: Frame | undefined;
  readonly data: { readonly [name: string]: Readable };
  readonly blockParams: { readonly [name: string]: Readable };
}

type Place = (loc: hbs.AST.SourceLocation) => Position;

/** Follows a path; a name that does not exist is a Mistake, something not known yet an UnknownRead. */
export function readPath(path: hbs.AST.PathExpression, frame: Frame, place: Place): Readable {
  let at: Frame | undefined = frame;
  for (let depth = path.depth; depth > 0; depth -= 1) at = at?.around;
  if (!at) throw new Mistake(`\`${path.original}\` goes further up than there is anything`, place(path.loc));
  let parts = path.parts;
  let value: Readable = at.context;
  let read = '';
  const bound = path.data || /^(\.|this\b)/.test(path.original) ? undefined : blockParam(at, parts[0] ?? '');
  if (path.data || bound !== undefined) {
    value = bound ?? dataOf(path, at, place);
    read = `${path.data ? '@' : ''}${parts[0]}`;
    parts = parts.slice(1);
  }
  for (const part of parts) {
    const container: Readable = known(value);
    const found: Readable | undefined = member(container, part);
    if (found === undefined) throw undefinedName(read, part, container, place(path.loc), at);
    value = found;
    read = read === '' ? part : `${read}.${part}`;
  }
  return value;
}

function blockParam({ blockParams }: Frame, name: string): Readable | undefined {
  return Object.hasOwn(blockParams, name) ? blockParams[name] : undefined;
}

/** Follows a path given as text, from the item or else from what is around it; undefined where it ends early. */
export function readOptional(path: string, frame: Frame): Readable | undefined {
  const [first = '', ...rest] = path.split('.');
  let value: Readable | undefined;
  for (let at: Frame | undefined = frame; at && value === undefined; at = at.around)
    value = blockParam(at, first) ?? member(at.context, first);
  for (const part of rest) value = value === undefined ? undefined : member(known(value), part);
  return value === null ? undefined : value;
}

/** `lookup container key`. */
export function lookUp(path: hbs.AST.Node, container: Readable, key: Readable, position: Position): Readable {
  if (typeof key !== 'string' && typeof key !== 'number')
    throw new Mistake(`lookup wants a name or an index, found ${describe(key as Value)}`, position);
  const found = member(container, String(key));
  if (found === undefined) throw undefinedName(pathText(path), String(key), container, position, undefined);
  return found;
}

/** The frame of a block's body. */
export function inner(
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

export function member(container: Readable, name: string): Readable | undefined {
  if (isNames(container)) return container.get(name);
  if (Array.isArray(container)) return name === 'length' ? container.length : container[Number(name)];
  return isRecord(container as Value) && Object.hasOwn(container as object, name)
    ? (container as { readonly [key: string]: Value })[name]
    : undefined;
}

export function known(value: Readable): Readable {
  if (value instanceof Unknown) throw new UnknownRead(value);
  return value;
}

/** The path of a node as written, for messages. */
export function pathText(node: hbs.AST.Node): string {
  if ('path' in node) return pathText(node.path as hbs.AST.Node);
  return 'original' in node ? String(node.original) : '…';
}

function dataOf(path: hbs.AST.PathExpression, frame: Frame, place: Place): Readable {
  const name = path.parts[0] ?? '';
  for (let at: Frame | undefined = frame; at; at = at.around) {
    const found = at.data[name];
    if (found !== undefined) return found;
  }
  throw new Mistake(
    `\`@${name}\` is not defined here`,
    place(path.loc),
    'inside {{#each}} there are @index, @key, @first, @last; everywhere @root',
  );
}

function undefinedName(
  read: string,
  part: string,
  container: Readable,
  position: Position,
  frame: Frame | undefined,
): Mistake {
  const fields = fieldHint(part, container);
  if (read !== '') {
    const hasNames = isNames(container) || isRecord(container) || Array.isArray(container);
    const what = hasNames ? '' : `: it is ${describe(container)}`;
    return new Mistake(`\`${read}\` has no \`${part}\`${what}`, position, fields);
  }
  if (isNames(container) && !frame?.around) {
    return new Mistake(`${container.what} \`${part}\` is not defined`, position, nameHint(part, container));
  }
  const item = isNames(container) ? 'a mapping' : describe(container);
  const isOutside = frame !== undefined && member(rootOf(frame), part) !== undefined;
  return new Mistake(
    `the item has no \`${part}\`: it is ${item}`,
    position,
    isOutside ? `inside a block names are those of the item; write @root.${part}` : fields,
  );
}

function nameHint(name: string, container: Names): string {
  if (name === 'item') return 'it exists in a task with `loop`';
  const near = nearest(name, container.names());
  return near
    ? `did you mean \`${near}\`?`
    : 'define it in the inventory, in `defaults:` or `vars:`, or with -e';
}

function rootOf(frame: Frame): Readable {
  return frame.around ? rootOf(frame.around) : frame.context;
}

function fieldHint(part: string, container: Readable): string | undefined {
  const names = isNames(container)
    ? container.names()
    : isRecord(container as Value)
      ? Object.keys(container as object)
      : [];
  return names.length > 0 ? didYouMean(part, names, 'there are') : undefined;
}
