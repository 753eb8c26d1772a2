import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { LabFailure } from './failure.ts';

/** One place that apt gets packages from. */
export interface AptSource {
  readonly uri: string;
  readonly suites: readonly string[];
  readonly components: readonly string[];
}

export const RELEASE = 'bookworm';

const DEBIAN_SUITES = [RELEASE, `${RELEASE}-updates`, `${RELEASE}-security`];

/** All sources of the outer machine that are reached by http or https. */
export function outerSources(etc = '/etc/apt'): AptSource[] {
  const folder = `${etc}/sources.list.d`;
  const files = [
    `${etc}/sources.list`,
    ...(existsSync(folder) ? readdirSync(folder).sort() : []).map((name) => `${folder}/${name}`),
  ].filter((file) => existsSync(file) && /\.(list|sources)$/.test(file));
  return files
    .flatMap((file) => {
      const text = readFileSync(file, 'utf8');
      return file.endsWith('.list') ? parseLines(text) : parseStanzas(text);
    })
    .filter((source) => /^https?:\/\//.test(source.uri));
}

/** The outer machine's sources of Debian 12 itself. Throws a LabFailure where it has none. */
export function debianSources(outer: readonly AptSource[]): readonly AptSource[] {
  const debian = outer
    .map((source) => ({ ...source, suites: source.suites.filter((suite) => DEBIAN_SUITES.includes(suite)) }))
    // Others name their suites like Debian's (Docker's "bookworm stable"); "main" tells them apart.
    .filter((source) => source.suites.length > 0 && source.components.includes('main'));
  if (debian.some((source) => source.suites.includes(RELEASE))) return debian;
  throw new LabFailure(
    `the hosts are Debian 12, and this machine has no apt source of ${RELEASE}: add one to /etc/apt/sources.list.d (its suite ${RELEASE}, its component main)`,
  );
}

/** A `debian.sources` file. Always http: the lab's proxy goes on by the scheme that the outer source has. */
export function renderSources(sources: readonly AptSource[]): string {
  return sources
    .map((source) =>
      [
        'Types: deb',
        `URIs: ${source.uri.replace(/^https:/, 'http:')}`,
        `Suites: ${source.suites.join(' ')}`,
        `Components: ${source.components.join(' ')}`,
        'Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg',
        '',
      ].join('\n'),
    )
    .join('\n');
}

/** Reads the one-line format: `deb [options] URI SUITE COMPONENT...`. */
export function parseLines(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const found = /^\s*deb\s+(?:\[[^\]]*\]\s*)?(\S+)\s+(\S+)\s*([^#]*)/.exec(line);
    if (!found) return [];
    return [{ uri: found[1] ?? '', suites: [found[2] ?? ''], components: words(found[3]) }];
  });
}

/** Reads the deb822 format: stanzas of `Key: value`, continued by indented lines. */
export function parseStanzas(text: string): AptSource[] {
  return text
    .replace(/^#.*\n?/gm, '')
    .split(/\n\s*\n/)
    .flatMap((stanza) => {
      const fields = new Map(
        stanza
          .replace(/\n[ \t]+/g, ' ')
          .split('\n')
          .map((line) => /^([A-Za-z-]+):\s*(.*)$/.exec(line))
          .filter((match) => match !== null)
          .map((match) => [String(match[1]).toLowerCase(), match[2]]),
      );
      if (!words(fields.get('types')).includes('deb') || /^no$/i.test(fields.get('enabled') ?? '')) return [];
      return words(fields.get('uris')).map((uri) => ({
        uri,
        suites: words(fields.get('suites')),
        components: words(fields.get('components')),
      }));
    });
}

function words(text: string | undefined): string[] {
  return (text ?? '').split(/\s+/).filter((word) => word !== '');
}
