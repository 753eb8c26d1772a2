import { existsSync, readFileSync } from 'node:fs';
import type { AuthHandlerMiddleware, NextAuthHandler, ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import type { Host } from '../core/host.ts';
import { expandHome, type Settings } from './settings.ts';

/** Offers one key after the other, and remembers what was tried for the error. */
export interface KeyOffer {
  readonly handler: AuthHandlerMiddleware;
  /** What was tried and what could not be, in words. */
  describe(): string;
}

/** ssh2 takes `false` for "no more"; its types do not say so. */
function stop(next: NextAuthHandler): void {
  (next as unknown as (method: false) => void)(false);
}

type Attempt = { readonly name: string; readonly key?: ParsedKey; readonly agent?: string };

/** The host's own key file first, then the agent, then the usual files. */
export function offerKeys(host: Host, settings: Settings): KeyOffer {
  const tried: string[] = [];
  const attempts = attemptsFor(host, settings, tried);
  return {
    handler(methodsLeft, _partial, next) {
      if (methodsLeft !== null && methodsLeft !== undefined && !methodsLeft.includes('publickey')) {
        tried.push(`the host accepts only ${methodsLeft.join(', ')}`);
        return stop(next);
      }
      const attempt = attempts.shift();
      if (attempt === undefined) return stop(next);
      tried.push(attempt.name);
      if (attempt.agent !== undefined)
        return next({ type: 'agent', username: host.user, agent: attempt.agent });
      if (attempt.key !== undefined)
        return next({ type: 'publickey', username: host.user, key: attempt.key });
      return stop(next);
    },
    describe: () => (tried.length === 0 ? 'there was no key to try and no agent' : tried.join('; ')),
  };
}

function attemptsFor(host: Host, settings: Settings, problems: string[]): Attempt[] {
  const own = host.privateKeyFile === undefined ? [] : [host.privateKeyFile];
  const usual = settings.identityFiles.filter((file) => existsSync(expandHome(file)));
  const hasAgent = settings.agentSocket !== '' && existsSync(settings.agentSocket);
  const agent = hasAgent
    ? [{ name: `the keys of the agent ${settings.agentSocket}`, agent: settings.agentSocket }]
    : [];
  return [...keysIn(own, problems), ...agent, ...keysIn(usual, problems)];
}

function keysIn(files: readonly string[], problems: string[]): Attempt[] {
  return files.flatMap((file) => {
    const key = readKey(expandHome(file));
    if (typeof key !== 'string') return [{ name: `key ${file}`, key }];
    problems.push(`key ${file}: ${key}`);
    return [];
  });
}

/** The private key in a file, or why it cannot be used. */
function readKey(file: string): ParsedKey | string {
  try {
    const parsed = ssh2.utils.parseKey(readFileSync(file));
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key instanceof Error || key === undefined) return whyUnusable(file, key?.message ?? 'no key in it');
    return key.isPrivateKey() ? key : 'it is a public key';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function whyUnusable(file: string, message: string): string {
  if (!/encrypted|passphrase/i.test(message)) return message;
  return `it is encrypted; load it into an agent (eval "$(ssh-agent)"; ssh-add ${file})`;
}
