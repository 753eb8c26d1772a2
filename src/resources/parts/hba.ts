/** A rule of pg_hba.conf, field by field, as PostgreSQL reads it. */
export interface HbaRule {
  readonly type: string;
  readonly database: readonly string[];
  readonly user: readonly string[];
  /** Empty for `local`. */
  readonly address: string;
  readonly method: string;
  readonly options: readonly string[];
}

/** What stands in the file, in order: rules, and all that is none (comments, blanks, what nobody knows). */
export interface HbaEntry {
  readonly lines: readonly string[];
  readonly rule?: HbaRule;
}

const TYPES = ['local', 'host', 'hostssl', 'hostnossl', 'hostgssenc', 'hostnogssenc'];

/** A line that ends with a backslash goes on in the next. */
export function hbaEntries(lines: readonly string[]): HbaEntry[] {
  const entries: HbaEntry[] = [];
  for (let at = 0; at < lines.length; ) {
    let end = at;
    while (lines[end]?.endsWith('\\') && end + 1 < lines.length) end += 1;
    const own = lines.slice(at, end + 1);
    const rule = ruleOf(
      own.map((line, index) => (index < own.length - 1 ? line.slice(0, -1) : line)).join(' '),
    );
    entries.push(rule ? { lines: own, rule } : { lines: own });
    at = end + 1;
  }
  return entries;
}

/** Two rules about the same connections. */
export function isAboutTheSame(a: HbaRule, b: HbaRule): boolean {
  return keyOf(a) === keyOf(b);
}

export function isSameRule(a: HbaRule, b: HbaRule): boolean {
  const rest = ({ method, options }: HbaRule) => JSON.stringify([method, [...options].sort()]);
  return isAboutTheSame(a, b) && rest(a) === rest(b);
}

/** In columns, as the file that comes with PostgreSQL. */
export function hbaLine({ type, database, user, address, method, options }: HbaRule): string {
  const columns = [
    type.padEnd(7),
    database.join(',').padEnd(15),
    user.join(',').padEnd(15),
    address.padEnd(23),
  ];
  return `${columns.join(' ')} ${[method, ...options].join(' ')}`;
}

/** A name as it is written; one with odd characters is quoted. */
export function hbaName(name: string): string {
  return /^[^\s",#]+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

function keyOf({ type, database, user, address }: HbaRule): string {
  return JSON.stringify([type, [...database].sort(), [...user].sort(), address.toLowerCase()]);
}

function ruleOf(line: string): HbaRule | undefined {
  const fields = fieldsOf(line);
  const [type = '', database, user] = fields.map((field) => field.join(','));
  if (!TYPES.includes(type) || database === undefined || user === undefined) return undefined;
  const rest = fields.slice(3).map((field) => field.join(','));
  const { address, after } = type === 'local' ? { address: '', after: rest } : addressOf(rest);
  const [method, ...options] = after;
  if (method === undefined) return undefined;
  return { type, database: fields[1] ?? [], user: fields[2] ?? [], address, method, options };
}

/** An address with a mask beside it is the same as one with a length. */
function addressOf([address = '', second = '', ...rest]: readonly string[]) {
  const bits = maskBits(second);
  return bits === undefined
    ? { address, after: [second, ...rest].filter((one) => one !== '') }
    : { address: `${address}/${bits}`, after: rest };
}

function maskBits(mask: string): number | undefined {
  if (!/^\d+\.\d+\.\d+\.\d+$/.test(mask)) return undefined;
  const bits = mask
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');
  return /^1*0*$/.test(bits) ? bits.replace(/0+$/, '').length : undefined;
}

/** Fields between blanks, of items between commas; quotes are kept as they are needed. */
function fieldsOf(line: string): string[][] {
  const fields: string[][] = [];
  const item = /\s*(#.*$|,|(?:"(?:[^"]|"")*"|[^\s,"#])+)(\s*)/y;
  let isOpen = false;
  while (item.lastIndex < line.length) {
    const [, found = ''] = item.exec(line) ?? [];
    if (found === '' || found.startsWith('#')) break;
    if (found === ',') isOpen = true;
    else {
      const name = unquoted(found);
      if (isOpen) fields.at(-1)?.push(name);
      else fields.push([name]);
      isOpen = false;
    }
  }
  return fields;
}

/** Quotes that nothing needs are dropped; those that take the meaning from a word are kept. */
function unquoted(item: string): string {
  if (!/^"(?:[^"]|"")*"$/.test(item)) return item;
  const name = item.slice(1, -1).replaceAll('""', '"');
  const means = /^(all|sameuser|samerole|samegroup|replication|[+@/].*)$/.test(name);
  return means ? item : hbaName(name);
}
