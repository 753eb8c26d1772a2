import type { Position } from '../core/diagnostic.ts';
import type { Secret } from '../core/secret.ts';
import type { Value } from '../core/value.ts';

/** A value as it stands in a file: with its place, and the places of everything in it. */
export type Located = LocatedScalar | LocatedList | LocatedMapping;

export interface LocatedScalar {
  readonly kind: 'scalar';
  readonly position: Position;
  /** A Secret where the text is a value encrypted with age. */
  readonly value: null | boolean | number | string | Secret;
  /** Written without quotes, on one line. */
  readonly plain: boolean;
  /** As it stands in the file, without quotes. */
  readonly written: string;
  /** Where the character at this offset of the text stands in the file. */
  at(offset: number, length?: number): Position;
}

export interface LocatedList {
  readonly kind: 'list';
  readonly position: Position;
  readonly items: readonly Located[];
}

export interface LocatedMapping {
  readonly kind: 'mapping';
  readonly position: Position;
  readonly entries: readonly Entry[];
}

export interface Entry {
  readonly key: string;
  readonly keyPosition: Position;
  readonly value: Located;
}

export function entryOf(mapping: LocatedMapping, key: string): Entry | undefined {
  return mapping.entries.find((entry) => entry.key === key);
}

/** The value without its places, nothing rendered. */
export function plainValue(node: Located): Value {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(plainValue);
  return Object.fromEntries(node.entries.map((entry) => [entry.key, plainValue(entry.value)]));
}

/** The part of a value that a path of keys and indexes leads to, or the nearest part around it. */
export function partAt(node: Located, path: readonly string[]): Located {
  const [head, ...rest] = path;
  if (head === undefined || node.kind === 'scalar') return node;
  const child = node.kind === 'list' ? node.items[Number(head)] : entryOf(node, head)?.value;
  return child === undefined ? node : partAt(child, rest);
}
