import { Mistake } from './problems.ts';

/** More than any inventory of ours has: what only a slip of the finger can mean. */
const MOST_HOSTS = 10_000;

const RANGE = /\[([^\]]*)\]/;

/** Whether a name holds a range of names: `db[1:3]`, `db[01:12]`, `rack-[a:f]`. */
export function hasRange(name: string): boolean {
  return /[[\]]/.test(name);
}

/**
 * All names that a name with ranges stands for: `db[1:3]`, `db[01:12]` (leading zeros are kept), `rack-[a:f]`,
 * `db[0:10:2]` (each second), several in one name. Throws a Mistake.
 */
export function expandRanges(name: string): string[] {
  const match = RANGE.exec(name);
  if (!match) {
    if (hasRange(name)) throw wrongRange(name);
    return [name];
  }
  const before = name.slice(0, match.index);
  const rest = expandRanges(name.slice(match.index + match[0].length));
  const names = rangeOf(match[1] ?? '', name).flatMap((part) => rest.map((end) => `${before}${part}${end}`));
  if (names.length > MOST_HOSTS)
    throw new Mistake(`the range \`${name}\` stands for ${names.length} hosts`, undefined, 'check its ends');
  return names;
}

function rangeOf(range: string, name: string): string[] {
  const numbers = /^(\d+):(\d+)(?::(\d+))?$/.exec(range);
  const letters = /^([a-z]):([a-z])(?::(\d+))?$/.exec(range) ?? /^([A-Z]):([A-Z])(?::(\d+))?$/.exec(range);
  const [, first = '', last = '', step = '1'] = numbers ?? letters ?? [];
  if (!(numbers || letters) || Number(step) === 0) throw wrongRange(name);
  const [from, to] = numbers ? [Number(first), Number(last)] : [first.charCodeAt(0), last.charCodeAt(0)];
  if (from > to)
    throw new Mistake(
      `the range \`${name}\` runs backwards`,
      undefined,
      `write the lower end first: [${last}:${first}]`,
    );
  if (to - from > MOST_HOSTS * Number(step))
    throw new Mistake(`the range \`${name}\` is too long`, undefined, 'check its ends');
  const width = first.startsWith('0') ? first.length : 0;
  const count = Math.floor((to - from) / Number(step)) + 1;
  return Array.from({ length: count }, (_, index) => from + index * Number(step)).map((n) =>
    numbers ? String(n).padStart(width, '0') : String.fromCharCode(n),
  );
}

function wrongRange(name: string): Mistake {
  return new Mistake(
    `\`${name}\` is not a range of hosts`,
    undefined,
    'write db[1:3], db[01:12], rack-[a:f] or db[0:10:2]',
  );
}
