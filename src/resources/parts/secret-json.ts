import { Secret } from '../../core/secret.ts';
import { secretIn, type Value } from '../../core/value.ts';

/** A value as JSON; a Secret where it holds one, which shows the rest. */
export function jsonText(value: Value): string | Secret {
  if (secretIn(value) === undefined) return JSON.stringify(value);
  const text = (shown: (secret: Secret) => string) => JSON.stringify(plain(value, shown));
  return Secret.open(
    text((secret) => secret.expose()),
    text((secret) => secret.masked),
  );
}

function plain(value: Value, shown: (secret: Secret) => string): unknown {
  if (value instanceof Secret) return shown(value);
  if (Array.isArray(value)) return value.map((one: Value) => plain(one, shown));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, plain(one as Value, shown)]));
}
