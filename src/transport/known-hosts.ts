import { createHmac } from 'node:crypto';

/** One line of a known_hosts file. */
export interface KnownHost {
  readonly file: string;
  readonly line: number;
  readonly marker: string;
  readonly patterns: string;
  readonly type: string;
  readonly key: string;
}

/** What known_hosts files say of a host's key. */
export type Verdict =
  | { readonly state: 'known' }
  /** With the authorities that might vouch for it. */
  | { readonly state: 'unknown'; readonly authorities: readonly KnownHost[] }
  | { readonly state: 'revoked'; readonly entry: KnownHost }
  /** The host is known, with other keys only. */
  | { readonly state: 'changed'; readonly entries: readonly KnownHost[] };

/** The lines of a known_hosts file; comments and what cannot be read are left out. */
export function parseKnownHosts(file: string, text: string): KnownHost[] {
  return text.split('\n').flatMap((raw, index) => {
    const words = raw.trim().split(/\s+/);
    const marker = words[0]?.startsWith('@') ? (words.shift() ?? '') : '';
    const [patterns, type, key] = words;
    if (patterns === undefined || patterns.startsWith('#') || type === undefined || key === undefined)
      return [];
    return [{ file, line: index + 1, marker, patterns, type, key }];
  });
}

/** How known_hosts names an address: the port only where it is not 22. */
export function knownHostName(address: string, port: number): string {
  return port === 22 ? address.toLowerCase() : `[${address.toLowerCase()}]:${port}`;
}

/** Judges the key that a host showed. */
export function judgeHostKey(entries: readonly KnownHost[], name: string, key: Buffer): Verdict {
  const mine = entries.filter((entry) => matchesHost(entry.patterns, name));
  const same = mine.filter((entry) => Buffer.from(entry.key, 'base64').equals(key));
  const revoked = same.find((entry) => entry.marker === '@revoked');
  if (revoked !== undefined) return { state: 'revoked', entry: revoked };
  if (same.some((entry) => entry.marker === '')) return { state: 'known' };
  const others = mine.filter((entry) => entry.marker === '');
  if (others.length > 0) return { state: 'changed', entries: others };
  return { state: 'unknown', authorities: mine.filter((entry) => entry.marker === '@cert-authority') };
}

/** The types of the keys that a host is known with: those to ask it for first. */
export function knownKeyTypes(entries: readonly KnownHost[], name: string): string[] {
  const mine = entries.filter((entry) => entry.marker === '' && matchesHost(entry.patterns, name));
  return [...new Set(mine.map((entry) => entry.type))];
}

/** Plain names with wildcards, a negation that wins, or one hashed name. */
export function matchesHost(patterns: string, name: string): boolean {
  if (patterns.startsWith('|1|')) return matchesHashed(patterns, name);
  return matchesPatterns(patterns.toLowerCase().split(','), name);
}

/** Names with wildcards, of which a negated one wins. */
export function matchesPatterns(patterns: readonly string[], name: string): boolean {
  const matching = patterns.filter((pattern) => matchesWildcard(pattern.replace(/^!/, ''), name));
  return matching.length > 0 && !matching.some((pattern) => pattern.startsWith('!'));
}

function matchesHashed(hashed: string, name: string): boolean {
  const [, , salt = '', hash = ''] = hashed.split('|');
  return createHmac('sha1', Buffer.from(salt, 'base64')).update(name).digest('base64') === hash;
}

function matchesWildcard(pattern: string, name: string): boolean {
  const source = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
