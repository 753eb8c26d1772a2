import { posix } from 'node:path';
import type { ParamType } from '../core/runbook.ts';
import type { Inventory } from '../core/task.ts';
import type { Value } from '../core/value.ts';
import { bytes, lsn } from './condition-functions.ts';
import { booleanHint } from './fields.ts';
import { didYouMean } from './nearest.ts';
import { durationOf } from './read-duration.ts';

/** What a value came to, or what is wrong with it. */
export type Typed = { readonly value: Value } | { readonly wanted: string; readonly hint?: string };

/** A moment, to the microsecond, as PostgreSQL has it; without an offset it is UTC, wherever the operator sits, and is shown so. */
const TIMESTAMP = /^\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?\s?(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** Takes what was given for a parameter as its type; texts that the command line took for numbers are texts again. */
export function asType(type: ParamType, given: Value, inventory: Inventory): Typed {
  const text = typeof given === 'number' || typeof given === 'boolean' ? String(given) : given;
  if (type === 'boolean') return asBoolean(given);
  if (typeof text !== 'string') return { wanted: WANTED[type] };
  if (type === 'integer') return /^-?\d{1,15}$/.test(text) ? { value: Number(text) } : wrong(type);
  if (type === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? { value: Number(text) } : wrong(type);
  if (type === 'host') return oneOfNames(text, type, hostNames(inventory));
  if (type === 'group') return oneOfNames(text, type, Object.keys(inventory.groups));
  if (type === 'timestamp') return asTimestamp(text);
  if (type === 'path') return asPath(text);
  return isWellFormed(type, text) ? { value: text } : wrong(type);
}

const WANTED: { readonly [type in ParamType]: string } = {
  string: 'a text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  host: 'a host of the inventory',
  group: 'a group of the inventory',
  path: 'an absolute path',
  timestamp: 'a point in time',
  duration: 'a duration',
  size: 'a size',
  lsn: 'a position in the write-ahead log',
};

const HINTS: { readonly [type in ParamType]?: string } = {
  timestamp:
    'write "2026-11-23 14:05:00+01:00"; without an offset it is UTC, and a second has at most six decimals',
  duration: 'write "500ms", "90s", "5m" or "2h"',
  size: 'write "128MB", "4GiB"',
  lsn: 'write "16/B374D848"',
  path: 'write it from / on',
};

function wrong(type: ParamType): Typed {
  const hint = HINTS[type];
  return { wanted: WANTED[type], ...(hint === undefined ? {} : { hint }) };
}

function isWellFormed(type: ParamType, text: string): boolean {
  switch (type) {
    case 'duration':
      return durationOf(text) !== undefined;
    case 'size':
      return isRead(() => bytes(text));
    case 'lsn':
      return isRead(() => lsn(text));
    default:
      return true;
  }
}

/** As the resources take paths, and in one form only: two that are alike are compared as texts. */
function asPath(text: string): Typed {
  if (!text.startsWith('/')) return wrong('path');
  if (/^(\/(?!\.{1,2}(\/|$))[^/\0]+)+$/.test(text)) return { value: text };
  const clean = posix.normalize(text).replace(/(?<=.)\/$/, '');
  return {
    wanted: 'a path without ".", "..", "//" or a slash at its end',
    ...(clean === '/' ? {} : { hint: `write ${clean}` }),
  };
}

function asTimestamp(text: string): Typed {
  const [whole, offset] = TIMESTAMP.exec(text) ?? [];
  if (whole === undefined) return wrong('timestamp');
  const value = offset === undefined ? `${whole}+00:00` : whole;
  const moment = Date.parse(value.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00'));
  return Number.isNaN(moment) ? wrong('timestamp') : { value };
}

function isRead(read: () => unknown): boolean {
  try {
    read();
    return true;
  } catch {
    return false;
  }
}

function asBoolean(given: Value): Typed {
  if (typeof given === 'boolean') return { value: given };
  const hint = booleanHint(given);
  return { wanted: WANTED.boolean, ...(hint === undefined ? {} : { hint }) };
}

function oneOfNames(text: string, type: 'host' | 'group', names: readonly string[]): Typed {
  if (names.includes(text)) return { value: text };
  const hint = didYouMean(text, names, `${type}s`);
  return { wanted: WANTED[type], ...(hint === undefined ? {} : { hint }) };
}

function hostNames({ hosts }: Inventory): string[] {
  return hosts.map(({ name }) => name);
}
