import { createHmac } from 'node:crypto';
import { inspect } from 'node:util';

/** What stands where a secret would be shown. */
export const MASK = '••••••';

/** Whether a value that is given in the clear, by the command line, is a secret by its name. */
export function isSecretName(name: string): boolean {
  return /pass|secret|token|key|credential/i.test(name);
}

/**
 * Text that must not be seen. *Open* when its bytes are at hand, *sealed* when only a reference is
 * (a plan read back from a file). A text with a secret part is a Secret as a whole, and knows how it
 * looks with the secret parts masked, so that its harmless lines can still be reviewed.
 */
export class Secret {
  readonly #text: string | undefined;
  /** The text with every secret part replaced by MASK. */
  readonly masked: string;
  /** Names this secret where its bytes may not stand; set when frozen or sealed. */
  readonly ref: string | undefined;

  private constructor(text: string | undefined, masked: string, ref: string | undefined) {
    this.#text = text;
    this.masked = masked;
    this.ref = ref;
  }

  static open(text: string, masked: string = MASK): Secret {
    return new Secret(text, masked, undefined);
  }

  static sealed(ref: string, masked: string = MASK): Secret {
    return new Secret(undefined, masked, ref);
  }

  get isOpen(): boolean {
    return this.#text !== undefined;
  }

  /** The bytes, for the last step to a host's stdin. Throws when sealed. */
  expose(): string {
    if (this.#text === undefined) throw new Error(`the value of secret ${this.ref ?? '?'} is not known here`);
    return this.#text;
  }

  /** Applies a function of the text, staying secret: what helpers like base64 use. */
  map(change: (text: string) => string, masked: string = MASK): Secret {
    return Secret.open(change(this.expose()), masked);
  }

  equals(other: Secret): boolean {
    return this.isOpen && other.isOpen ? this.expose() === other.expose() : this.ref === other.ref;
  }

  /** HMAC-SHA256 under a key of this plan: equal texts are recognised, nothing can be guessed from it. */
  fingerprint(key: string | Buffer): string {
    return createHmac('sha256', key).update(this.expose()).digest('hex').slice(0, 32);
  }

  toString(): string {
    return this.masked;
  }

  toJSON(): { readonly $secret: string; readonly masked: string } {
    return { $secret: this.ref ?? '?', masked: this.masked };
  }

  [inspect.custom](): string {
    return `Secret(${MASK})`;
  }
}
