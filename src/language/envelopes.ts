import { createHash } from 'node:crypto';
import type { Position } from '../core/diagnostic.ts';
import { Secret } from '../core/secret.ts';

const BEGIN = '-----BEGIN AGE ENCRYPTED FILE-----';

/** Whether a text in a YAML file is one value encrypted with age, armored. */
export function isEnvelope(text: string): boolean {
  return text.trimStart().startsWith(BEGIN);
}

/**
 * Encrypted values met while files are read. Opening them is asynchronous and loading is not: what is not
 * opened yet is noted here and stays sealed; the caller opens it and loads again.
 */
export class Envelopes {
  readonly #opened: Map<string, Secret>;
  readonly #met = new Map<string, Position>();

  constructor(opened: Map<string, Secret> = new Map()) {
    this.#opened = opened;
  }

  /** The secret inside, sealed as long as nobody has opened it. */
  secretIn(envelope: string, position: Position): Secret {
    const known = this.#opened.get(envelope);
    if (known) return known;
    this.#met.set(envelope, position);
    return Secret.sealed(`age:${createHash('sha256').update(envelope).digest('hex').slice(0, 16)}`);
  }

  /** What was met and is still sealed, and where it stands first. */
  get sealed(): ReadonlyMap<string, Position> {
    return new Map([...this.#met].filter(([envelope]) => !this.#opened.has(envelope)));
  }

  get secrets(): readonly Secret[] {
    return [...this.#opened.values()];
  }

  opened(envelope: string, secret: Secret): void {
    this.#opened.set(envelope, secret);
  }
}
