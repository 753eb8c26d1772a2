import { isSecretName, MASK } from '../core/secret.ts';

/** A `NAME=VALUE` whose name, or a key inside of it, promises a secret: its value is not shown, and not written down. */
export function withoutSecret(word: string): string {
  const [name = ''] = word.split('=', 1);
  if (word.startsWith('@') || name === word) return word;
  const isSecret = isSecretName(name) || hasSecretKey(asJson(word.slice(name.length + 1)));
  return isSecret ? `${name}=${MASK}` : word;
}

/** The same of a word that was to be one, and may be anything. */
export function withoutAnySecret(word: string): string {
  if (!isSecretName(word) || /^[\w-]+$/.test(word)) return word;
  const [, name = '', equals = ''] = /^([\w-]*)(=?)/.exec(word) ?? [];
  return `${name}${equals}${MASK}`;
}

function hasSecretKey(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (Array.isArray(value)) return value.some(hasSecretKey);
  return Object.entries(value).some(([key, part]) => isSecretName(key) || hasSecretKey(part));
}

/** Only an object or a list is read as more than a text. */
function asJson(text: string): unknown {
  if (!/^[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
