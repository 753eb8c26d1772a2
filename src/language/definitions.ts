import type { Position } from '../core/diagnostic.ts';
import type { Value } from '../core/value.ts';
import { booleanHint } from './fields.ts';
import { findJinja } from './jinja.ts';
import type { Located, LocatedMapping } from './located.ts';
import type { Problems } from './problems.ts';
import { RESERVED_NAMES } from './template-functions.ts';

/** The five levels, weakest first; `implied` are the language's own values below them all. */
export type Level = 'implied' | 'defaults' | 'group' | 'host' | 'play' | 'command line';

/** One variable as one place defines it. */
export interface Definition {
  readonly name: string;
  readonly level: Level;
  /** Where it comes from, for people: `group db`, `host db1`, `vars of play 2`. */
  readonly origin: string;
  readonly position: Position | undefined;
  /** As written, to be rendered when read; or a value that needs no rendering. */
  readonly node: Located | undefined;
  readonly value: Value | undefined;
}

/** Variables that one place defines, by name. */
export type Layer = ReadonlyMap<string, Definition>;

/** Names that the language gives a meaning of its own. */
export const OWN_NAMES: readonly string[] = [
  'inventory_hostname',
  'group_names',
  'play_hosts',
  'lost',
  'groups',
  'hostvars',
  'facts',
  'vars',
  'result',
  'failed_task',
  'failed_result',
];

/** Reads the variables of a mapping; names that cannot be used are mistakes. */
export function layerOf(
  mapping: LocatedMapping | undefined,
  level: Level,
  origin: string,
  problems: Problems,
): Layer {
  const layer = new Map<string, Definition>();
  for (const { key, keyPosition, value } of mapping?.entries ?? []) {
    if (!checkName(key, 'variable', keyPosition, problems)) continue;
    refuseJinja(value, problems);
    warnOfWords(value, problems);
    layer.set(key, { name: key, level, origin, position: keyPosition, node: value, value: undefined });
  }
  return layer;
}

/** Variables given as values: those of the command line, a loop's item. */
export function valueLayer(
  values: { readonly [name: string]: Value },
  level: Level,
  origin: string,
): Map<string, Definition> {
  return new Map(
    Object.entries(values).map(([name, value]) => [
      name,
      { name, level, origin, position: undefined, node: undefined, value },
    ]),
  );
}

/** Whether a variable, register or loop variable may have this name. */
export function checkName(
  name: string,
  what: 'variable' | 'register' | 'loop variable',
  position: Position | undefined,
  problems: Problems,
): boolean {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
    const better = name.replace(/[^A-Za-z0-9_]/g, '_').replace(/^(?=\d)/, '_');
    problems.error(
      `a ${what} has a name of letters, digits and _, found \`${name}\``,
      position,
      `write \`${better}\``,
    );
    return false;
  }
  if (RESERVED_NAMES.has(name)) {
    problems.error(
      `a ${what} cannot be called \`${name}\`: in templates that is a function`,
      position,
      `choose another name, such as \`${name}_value\``,
    );
    return false;
  }
  if (OWN_NAMES.includes(name)) {
    problems.error(
      `a ${what} cannot be called \`${name}\`: the name has a meaning of its own`,
      position,
      `choose another name, such as \`my_${name}\``,
    );
    return false;
  }
  return true;
}

/** `yes` was a boolean in YAML 1.1, and is a text now; which one was meant only the author knows. */
function warnOfWords(node: Located, problems: Problems): void {
  if (node.kind === 'list') for (const item of node.items) warnOfWords(item, problems);
  else if (node.kind === 'mapping') for (const { value } of node.entries) warnOfWords(value, problems);
  else if (node.plain && typeof node.value === 'string' && /^(yes|no|on|off)$/i.test(node.value))
    problems.warn(
      `\`${node.value}\` is a text, not true or false`,
      node.position,
      `write ${booleanHint(node.value)?.replace('write ', '')}, or "${node.value}" for the text`,
    );
}

function refuseJinja(node: Located, problems: Problems): void {
  if (node.kind === 'list') for (const item of node.items) refuseJinja(item, problems);
  else if (node.kind === 'mapping') for (const { value } of node.entries) refuseJinja(value, problems);
  else if (typeof node.value === 'string') {
    const jinja = findJinja(node.value);
    if (jinja) problems.error(jinja.message, node.at(jinja.offset, jinja.length), jinja.hint);
  }
}
