import { Secret } from './secret.ts';
import { type Json, Unknown, type Value } from './value.ts';

/** Where the bytes of secrets stay when values are written down. */
export interface Vault {
  /** Puts a secret away and returns the reference that stands for it. */
  put(secret: Secret): string;
  get(ref: string): Secret | undefined;
}

/** A vault in memory; references are fingerprints under `key`, so that the same secret gets the same one. */
export function memoryVault(key: string | Buffer): Vault {
  const held = new Map<string, Secret>();
  return {
    put(secret) {
      const ref = secret.ref ?? secret.fingerprint(key);
      if (secret.isOpen) held.set(ref, secret);
      return ref;
    },
    get: (ref) => held.get(ref),
  };
}

/** Turns anything of the vocabulary into JSON; secrets become references into the vault. */
export function freeze(value: unknown, vault: Vault): Json {
  if (value instanceof Secret) return { $secret: vault.put(value), masked: value.masked };
  if (value instanceof Unknown) return { $unknown: value.after };
  if (Array.isArray(value)) return value.map((v) => freeze(v, vault));
  if (value !== null && typeof value === 'object')
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, v]) => v !== undefined)
        .map(([k, v]) => [k, freeze(v, vault)]),
    );
  if (value === undefined) return null;
  return value as Json;
}

/** The inverse of `freeze`; a secret that the vault does not hold comes back sealed. */
export function thaw(json: Json, vault: Vault): Value {
  if (Array.isArray(json)) return json.map((v) => thaw(v, vault));
  if (json === null || typeof json !== 'object') return json as Value;
  const record = json as { readonly [key: string]: Json };
  if (typeof record.$unknown === 'string') return new Unknown(record.$unknown);
  if (typeof record.$secret === 'string')
    return vault.get(record.$secret) ?? Secret.sealed(record.$secret, String(record.masked));
  return Object.fromEntries(Object.entries(record).map(([k, v]) => [k, thaw(v, vault)]));
}
