import type { Inventory } from '../core/task.ts';
import { expandRanges } from './host-range.ts';
import { didYouMean } from './nearest.ts';
import { Mistake } from './problems.ts';

/** One part of a pattern: what it names, and whether it adds, keeps only, or leaves out. */
interface Part {
  readonly sign: '' | '&' | '!';
  readonly text: string;
}

/**
 * The hosts that a pattern names, in the order of the inventory, as in Ansible: hosts and groups joined by `:`
 * or `,`, `!` for those left out, `&` for those that must be there too, `*` and `?`, `~` before a regular
 * expression, `db[1:3]` for hosts, `group[0]` and `group[1:]` for members. Whatever their order, parts with `!`
 * have the last word. Throws a Mistake for a part that names nothing.
 */
export function matchHosts(pattern: string, inventory: Inventory): string[] {
  const parts = partsOf(pattern);
  if (parts.length === 0) throw new Mistake('a host or a group was expected, found nothing');
  const named = parts.map((part) => ({ ...part, hosts: new Set(hostsOf(part.text, inventory)) }));
  const adding = named.filter(({ sign }) => sign === '');
  const all = inventory.hosts.map((host) => host.name);
  return all
    .filter((host) => adding.length === 0 || adding.some(({ hosts }) => hosts.has(host)))
    .filter((host) => named.every(({ sign, hosts }) => sign !== '&' || hosts.has(host)))
    .filter((host) => named.every(({ sign, hosts }) => sign !== '!' || !hosts.has(host)));
}

/** The same for a choice that an operator makes. Throws a Mistake where it leaves no host, too. */
export function matchSome(pattern: string, inventory: Inventory): string[] {
  const hosts = matchHosts(pattern, inventory);
  if (hosts.length > 0) return hosts;
  throw new Mistake(
    `\`${pattern}\` leaves no host`,
    undefined,
    'take a part away, or name a group that has hosts',
  );
}

/** Cut at `,`, and at `:` outside of brackets; a regular expression ends only at a comma. */
function partsOf(pattern: string): Part[] {
  return pattern
    .split(',')
    .flatMap((piece) => (/^\s*[!&]?~/.test(piece) ? [piece] : piece.split(/:(?![^[]*\])/)))
    .map((piece) => piece.trim())
    .filter((piece) => piece !== '')
    .map((piece) => {
      const sign = piece.startsWith('!') ? '!' : piece.startsWith('&') ? '&' : '';
      return { sign, text: piece.slice(sign.length).trim() };
    });
}

function hostsOf(text: string, inventory: Inventory): readonly string[] {
  const exact = named(text, inventory);
  if (exact) return exact;
  if (text.startsWith('@'))
    throw new Mistake(`files of hosts (\`${text}\`) are not read`, undefined, 'write the hosts, or a group');
  if (text.startsWith('~')) return matching(text, expressionOf(text), inventory);
  if (/\[-?\d*(:-?\d*)?\]$|\[[^\]]*:[^\]]*\]/.test(text)) return membersOrRange(text, inventory);
  if (/[*?]|\[.+\]/.test(text)) return matching(text, globOf(text), inventory);
  throw unknown(text, inventory);
}

function named(name: string, { groups, hosts }: Inventory): readonly string[] | undefined {
  if (name === 'all' || name === '*') return hosts.map((host) => host.name);
  if (Object.hasOwn(groups, name)) return groups[name];
  return hosts.some((host) => host.name === name) ? [name] : undefined;
}

/** The hosts of all groups, and all hosts, that the expression fits. */
function matching(text: string, expression: RegExp, inventory: Inventory): readonly string[] {
  const groups = Object.keys(inventory.groups).filter((group) => group !== 'all' && expression.test(group));
  const hosts = inventory.hosts.map((host) => host.name).filter((host) => expression.test(host));
  if (groups.length + hosts.length > 0)
    return [...groups.flatMap((group) => inventory.groups[group] ?? []), ...hosts];
  throw new Mistake(
    `no host or group of the inventory ${inventory.file} matches \`${text}\``,
    undefined,
    didYouMean(text.replace(/[~*?]/g, ''), knownNames(inventory), 'there are'),
  );
}

function expressionOf(text: string): RegExp {
  try {
    return new RegExp(`^(?:${text.slice(1)})`);
  } catch {
    throw new Mistake(`\`${text}\` is not a regular expression`, undefined, 'write for example ~db[0-9]+');
  }
}

function globOf(text: string): RegExp {
  const escaped = text.replace(/[.+^${}()|\\]/g, '\\$&').replace(/\[!/g, '[^');
  return new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`);
}

/**
 * `db[1:3]` may mean members of the group db, as Ansible has it, or the hosts db1 to db3, as inventories have
 * it. Where both exist and differ, nobody should have to guess which hosts a recovery will touch.
 */
function membersOrRange(text: string, inventory: Inventory): readonly string[] {
  const members = membersOf(text, inventory);
  const range = rangeOf(text, inventory);
  if (members && range && String(members) !== String(range))
    throw new Mistake(
      `\`${text}\` may mean members of a group (${members.join(', ') || 'none'}) or hosts (${range.join(', ')})`,
      undefined,
      'write the names of the hosts, separated by commas',
    );
  const found = members ?? range;
  if (found) return found;
  throw unknown(text, inventory);
}

/** `group[0]`, `group[-1]`, `group[1:]`, `group[0:2]`: counted from 0, both ends included. */
function membersOf(text: string, inventory: Inventory): readonly string[] | undefined {
  const match = /^(.+)\[(-?\d+)?(:)?(-?\d+)?\]$/.exec(text);
  const members = match && named(match[1] ?? '', inventory);
  if (!match || !members || !Object.hasOwn(inventory.groups, match[1] ?? '')) return undefined;
  const [, group, first, colon, last] = match;
  const place = (index: string | undefined, otherwise: number): number =>
    index === undefined ? otherwise : Number(index) < 0 ? members.length + Number(index) : Number(index);
  const from = place(first, 0);
  const to = colon ? place(last, members.length - 1) : from;
  const chosen = members.slice(Math.max(from, 0), Math.max(to + 1, 0));
  if (chosen.length > 0) return chosen;
  if (rangeOf(text, inventory)) return undefined;
  throw new Mistake(
    `the group \`${group}\` has no member \`${text.slice(text.lastIndexOf('['))}\``,
    undefined,
    members.length === 0
      ? 'the group is empty'
      : `members count from 0: ${members.map((m, i) => `${i} ${m}`).join(', ')}`,
  );
}

/** All hosts of a range; undefined where it names none. One that is missing is a Mistake, unless members are meant. */
function rangeOf(text: string, inventory: Inventory): readonly string[] | undefined {
  const isGroups = Object.hasOwn(inventory.groups, text.replace(/\[.*$/, ''));
  if (!/\[[^\]]+:[^\]]+\]/.test(text) || (isGroups && text.includes('-'))) return undefined;
  const known = new Set(inventory.hosts.map((host) => host.name));
  const names = expandRanges(text);
  const missing = names.filter((name) => !known.has(name));
  if (missing.length === names.length || (missing.length > 0 && isGroups)) return undefined;
  if (missing.length > 0)
    throw new Mistake(
      `\`${text}\` names ${missing.join(', ')}, which the inventory ${inventory.file} does not have`,
      undefined,
      didYouMean(missing[0] ?? '', known, 'there are'),
    );
  return names;
}

function unknown(text: string, inventory: Inventory): Mistake {
  return new Mistake(
    `the inventory ${inventory.file} has no host or group \`${text}\``,
    undefined,
    didYouMean(text.replace(/\[.*$/, ''), knownNames(inventory), 'there are'),
  );
}

function knownNames({ groups, hosts }: Inventory): string[] {
  return [...Object.keys(groups), ...hosts.map((host) => host.name)];
}
