import { existsSync } from 'node:fs';
import type { AuthHandlerMiddleware, BaseAgent, NextAuthHandler, ParsedKey } from 'ssh2';
import type { SshPlace } from '../core/host.ts';
import { agentWithOnly } from './agent-keys.ts';
import { privateKey, publicKeyOf } from './private-key.ts';
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

type Attempt = {
  readonly name: string;
  readonly key?: ParsedKey;
  readonly agent?: BaseAgent<ParsedKey> | string;
};

/** The place's own key files first, then the agent, then the usual files. */
export function offerKeys(place: SshPlace, settings: Settings): KeyOffer {
  const tried: string[] = [];
  const attempts = attemptsFor(place, settings, tried);
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
        return next({ type: 'agent', username: place.user, agent: attempt.agent });
      if (attempt.key !== undefined)
        return next({ type: 'publickey', username: place.user, key: attempt.key });
      return stop(next);
    },
    describe: () => (tried.length === 0 ? 'there was no key to try and no agent' : tried.join('; ')),
  };
}

/** The key files that are of this place alone. */
export function ownKeyFiles({ privateKeyFile, identityFiles = [] }: SshPlace): string[] {
  return [...(privateKeyFile === undefined ? [] : [privateKeyFile]), ...identityFiles];
}

function attemptsFor(place: SshPlace, settings: Settings, problems: string[]): Attempt[] {
  const own = ownKeyFiles(place);
  const isUsual = place.identityFiles === undefined && !place.identitiesOnly;
  const usual = isUsual ? settings.identityFiles.filter((file) => existsSync(expandHome(file))) : [];
  const first = keysIn(own, settings, problems);
  return [...first, ...agentAttempts(place, own, settings), ...keysIn(usual, settings, problems)];
}

function agentAttempts({ identitiesOnly }: SshPlace, own: readonly string[], settings: Settings): Attempt[] {
  const socket = settings.agentSocket;
  if (socket === '' || !existsSync(socket)) return [];
  if (!identitiesOnly) return [{ name: `the keys of the agent ${socket}`, agent: socket }];
  const wanted = own.flatMap((file) => publicKeyOf(expandHome(file)) ?? []);
  if (wanted.length === 0) return [];
  return [{ name: `the named keys in the agent ${socket}`, agent: agentWithOnly(socket, wanted) }];
}

function keysIn(files: readonly string[], settings: Settings, problems: string[]): Attempt[] {
  return files.flatMap((file) => {
    const path = expandHome(file);
    const key = privateKey(path, settings.passphrases.get(path));
    if (existsSync(`${path}-cert.pub`))
      problems.push(`the certificate ${file}-cert.pub was not used: fanops knows keys only`);
    if (key.state === 'key') return [{ name: `key ${file}`, key: key.key }];
    problems.push(`key ${file}: ${key.state === 'encrypted' ? encrypted(file) : key.reason}`);
    return [];
  });
}

function encrypted(file: string): string {
  return `it is encrypted; load it into an agent (eval "$(ssh-agent)"; ssh-add ${file}), or give --key-passphrase-file`;
}
