import { Secret } from '../core/secret.ts';
import { Unknown } from '../core/value.ts';
import { UnknownRead } from './problems.ts';

/** Text being put together from pieces, some of them secret. */
export class TextOutput {
  #text = '';
  #masked = '';
  #isSecret = false;

  add(piece: string | Secret): void {
    if (piece instanceof Secret) {
      this.#isSecret = true;
      this.#text += bytesOf(piece);
      this.#masked += piece.masked;
    } else {
      this.#text += piece;
      this.#masked += piece;
    }
  }

  finish(): string | Secret {
    return this.#isSecret ? Secret.open(this.#text, this.#masked) : this.#text;
  }
}

/** The bytes of a secret; one that is only known by reference makes the text unknown. */
export function bytesOf(secret: Secret): string {
  if (!secret.isOpen) throw new UnknownRead(new Unknown(`secret ${secret.ref ?? ''} is read again`, true));
  return secret.expose();
}
