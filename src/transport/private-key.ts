import { existsSync, readFileSync } from 'node:fs';
import type { ParsedKey } from 'ssh2';
import ssh2 from 'ssh2';
import type { Secret } from '../core/secret.ts';

export type PrivateKey =
  | { readonly state: 'key'; readonly key: ParsedKey }
  /** It wants a passphrase, or another than the one given. */
  | { readonly state: 'encrypted' }
  | { readonly state: 'unusable'; readonly reason: string };

/** The private key in a file, or why it cannot be used. */
export function privateKey(file: string, passphrase?: Secret): PrivateKey {
  try {
    const parsed = ssh2.utils.parseKey(readFileSync(file), passphrase?.expose());
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key === undefined) return { state: 'unusable', reason: 'no key in it' };
    if (key instanceof Error) return whyNot(key.message);
    return key.isPrivateKey() ? { state: 'key', key } : { state: 'unusable', reason: 'it is a public key' };
  } catch (error) {
    return { state: 'unusable', reason: error instanceof Error ? error.message : String(error) };
  }
}

/** Its public half, as an agent tells it: from the file beside it, or from the key itself. */
export function publicKeyOf(file: string): Buffer | undefined {
  if (existsSync(`${file}.pub`)) {
    const parsed = ssh2.utils.parseKey(readFileSync(`${file}.pub`));
    const key = Array.isArray(parsed) ? parsed[0] : parsed;
    if (key !== undefined && !(key instanceof Error)) return key.getPublicSSH();
  }
  const own = privateKey(file);
  return own.state === 'key' ? own.key.getPublicSSH() : undefined;
}

function whyNot(message: string): PrivateKey {
  // What ssh2 says of a key that is locked, and of one that the passphrase did not open.
  if (/encrypted|passphrase|integrity|bad decrypt|wrong final block/i.test(message))
    return { state: 'encrypted' };
  return { state: 'unusable', reason: message };
}
