import { existsSync, readFileSync } from 'node:fs';
import { mistake } from '../core/diagnostic.ts';
import type { Host } from '../core/host.ts';
import { Secret } from '../core/secret.ts';
import type { TransportSettings } from '../transport/settings.ts';
import { type Args, isSet } from './args.ts';
import { askSecret } from './ask-secret.ts';
import type { Settings } from './settings.ts';

/** How often a passphrase may be mistyped. */
const TRIES = 3;

/** What opens keys and satisfies sudo: from files, or asked for once, before anything is connected to. */
export async function credentials(
  args: Args,
  settings: Settings,
  hosts: readonly Host[],
): Promise<TransportSettings> {
  return {
    passphrases: await passphrases(settings, hosts),
    becomePassword: await becomePassword(args, settings),
  };
}

/** All of them, for the masker. */
export function secretsOf({ passphrases, becomePassword }: TransportSettings): Secret[] {
  return [...(passphrases?.values() ?? []), ...(becomePassword === undefined ? [] : [becomePassword])];
}

async function becomePassword(args: Args, settings: Settings): Promise<Secret | undefined> {
  const file = settings.becomePasswordFile;
  if (file !== undefined) return firstLine(file, 'the password for sudo');
  if (!isSet(args, 'ask-become-pass')) return undefined;
  return askSecret('password for sudo', 'write --become-password-file FILE');
}

async function passphrases(
  { keyPassphraseFile }: Settings,
  hosts: readonly Host[],
): Promise<ReadonlyMap<string, Secret>> {
  if (hosts.every((host) => host.connection === 'local')) return new Map();
  const { lockedKeys, opens } = await import('../transport/locked-keys.ts');
  const given = keyPassphraseFile === undefined ? undefined : firstLine(keyPassphraseFile, 'the passphrase');
  const found = new Map<string, Secret>();
  for (const key of await lockedKeys(hosts)) {
    if (given !== undefined) {
      if (!opens(key, given))
        throw mistake(`the passphrase in ${keyPassphraseFile} does not open the key ${key}`);
      found.set(key, given);
    } else if (process.stdin.isTTY && process.stderr.isTTY) found.set(key, await askFor(key, opens));
  }
  return found;
}

async function askFor(key: string, opens: (key: string, passphrase: Secret) => boolean): Promise<Secret> {
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    const typed = await askSecret(`passphrase of ${key}`, 'write --key-passphrase-file FILE');
    if (opens(key, typed)) return typed;
    process.stderr.write(`it does not open ${key}\n`);
  }
  throw mistake(`none of ${TRIES} passphrases opened the key ${key}`);
}

function firstLine(file: string, what: string): Secret {
  const line = existsSync(file) ? readFileSync(file, 'utf8').split('\n')[0] : undefined;
  if (line) return Secret.open(line.replace(/\r$/, ''));
  throw mistake(
    `${what} was expected on the first line of ${file}, found ${line === undefined ? 'no such file' : 'an empty line'}`,
  );
}
