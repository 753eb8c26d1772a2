import { MASK, type Secret } from './secret.ts';
import { quote } from './shell.ts';

/**
 * The last line of defence before anything is shown or written down: replaces every form in which a
 * known secret could appear (raw, quoted for a shell, in JSON, in base64).
 */
export class Masker {
  readonly #forms = new Set<string>();
  #pattern: RegExp | undefined;

  /** Remembers a secret. One of fewer than four characters is left out: masking it would shred all text. */
  add(secret: Secret): void {
    if (!secret.isOpen) return;
    for (const part of secretParts(secret.expose(), secret.masked))
      for (const form of formsOf(part)) if (form.length >= 4) this.#forms.add(form);
    this.#pattern = undefined;
  }

  mask(text: string): string {
    if (this.#forms.size === 0) return text;
    this.#pattern ??= new RegExp(
      [...this.#forms]
        .sort((a, b) => b.length - a.length)
        .map((form) => form.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
        .join('|'),
      'g',
    );
    return text.replace(this.#pattern, MASK);
  }
}

/** The secret parts of a text whose masked form is known: what stands where the mask does. */
function secretParts(text: string, masked: string): string[] {
  const kept = masked.split(MASK);
  if (kept.length < 2) return [text];
  const shape = kept.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')).join('([\\s\\S]*?)');
  const found = new RegExp(`^${shape}$`).exec(text);
  return found ? found.slice(1) : [text];
}

function formsOf(text: string): string[] {
  const whole = [text, text.trim()];
  const longLines = text.split('\n').filter((line) => line.length >= 8);
  return [...whole, ...longLines].flatMap((t) => [
    t,
    quote(t.replaceAll('\0', '')),
    JSON.stringify(t).slice(1, -1),
    Buffer.from(t).toString('base64').replace(/=+$/, ''),
  ]);
}
