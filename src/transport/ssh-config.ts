import { existsSync, globSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type Directive, type Line, parse, type Section } from 'ssh-config';
import { mistake } from '../core/diagnostic.ts';
import { matchesPatterns } from './known-hosts.ts';
import { expandHome } from './settings.ts';

/** What a configuration of ssh says about one host: keywords in lower case, with their words. */
export type SshOptions = ReadonlyMap<string, readonly (readonly string[])[]>;

/** A configuration of ssh, as `~/.ssh/config` has it. */
export interface SshConfig {
  /** What holds for `ssh ADDRESS` by this user; undefined: whoever the configuration names. */
  optionsFor(address: string, user: string | undefined): SshOptions;
}

/** Of these every line counts, of all others the first. */
const REPEATED = ['identityfile', 'certificatefile'];
const DEEPEST = 16;

/** Reads a file; one that is not there says nothing. Throws `InputError` where it cannot be followed. */
export function readSshConfig(file: string): SshConfig {
  const path = expandHome(file);
  const lines = existsSync(path) ? readLines(path) : [];
  return {
    optionsFor(address, user) {
      const reading = new Reading(address, user);
      reading.take(lines, path, 0);
      return reading.options;
    },
  };
}

class Reading {
  readonly options = new Map<string, readonly (readonly string[])[]>();
  readonly #address: string;
  readonly #user: string | undefined;

  constructor(address: string, user: string | undefined) {
    this.#address = address;
    this.#user = user;
  }

  take(lines: readonly Line[], file: string, depth: number): void {
    if (depth > DEEPEST) throw mistake(`${file}: Include goes deeper than ${DEEPEST} files`);
    for (const line of lines) {
      if (!('param' in line)) continue;
      const keyword = line.param.toLowerCase();
      if ('config' in line) {
        if (this.#applies(line, file)) this.take(line.config, file, depth);
      } else if (keyword === 'include') {
        for (const path of includedBy(wordsOf(line))) this.take(readLines(path), path, depth + 1);
      } else {
        const before = this.options.get(keyword) ?? [];
        if (before.length === 0 || REPEATED.includes(keyword))
          this.options.set(keyword, [...before, wordsOf(line)]);
      }
    }
  }

  #applies(section: Section, file: string): boolean {
    const words = wordsOf(section);
    if (section.param.toLowerCase() === 'host') return matchesPatterns(words, this.#address);
    const criteria = [...words];
    let applies = true;
    for (let word = criteria.shift(); word !== undefined; word = criteria.shift()) {
      const name = word.toLowerCase();
      if (name === 'all') continue;
      const subject = this.#subject(name.replace(/^!/, ''));
      if (subject === undefined)
        throw mistake(`${file}: \`Match ${words.join(' ')}\`: fanops cannot tell whether \`${name}\` holds`, {
          hint: 'write Host instead, or name another configuration: --ssh-config FILE, or none',
        });
      const holds = matchesPatterns((criteria.shift() ?? '').split(','), subject);
      if (holds === name.startsWith('!')) applies = false;
    }
    return applies;
  }

  #subject(criterion: string): string | undefined {
    switch (criterion) {
      case 'host':
        return this.options.get('hostname')?.[0]?.[0]?.replaceAll('%h', this.#address) ?? this.#address;
      case 'originalhost':
        return this.#address;
      case 'user':
        return this.#user ?? this.options.get('user')?.[0]?.[0] ?? userInfo().username;
      case 'localuser':
        return userInfo().username;
      default:
        return undefined;
    }
  }
}

function readLines(file: string): readonly Line[] {
  try {
    return parse(readFileSync(file));
  } catch (cause) {
    throw mistake(`${file} cannot be read as a configuration of ssh: ${(cause as Error).message}`);
  }
}

/** Relative names count from ~/.ssh; a pattern that fits nothing is nothing. */
function includedBy(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const path = expandHome(pattern);
    return globSync(isAbsolute(path) ? path : join(homedir(), '.ssh', path)).sort();
  });
}

function wordsOf({ value }: Directive): string[] {
  return typeof value === 'string' ? [value] : value.map(({ val }) => val);
}
