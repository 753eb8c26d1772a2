/** The two streams of a channel. */
export type StreamName = 'stdout' | 'stderr';

/**
 * Cuts one stream at the lines that begin with the nonce. Data is handed on as it comes; only what may be
 * the beginning of a nonce is held back.
 */
export class FrameReader {
  readonly #nonce: Buffer;
  readonly #onData: (chunk: Buffer) => void;
  readonly #onMark: (words: string) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(nonce: string, onData: (chunk: Buffer) => void, onMark: (words: string) => void) {
    this.#nonce = Buffer.from(nonce);
    this.#onData = onData;
    this.#onMark = onMark;
  }

  push(chunk: Buffer): void {
    let rest = this.#held.length === 0 ? chunk : Buffer.concat([this.#held, chunk]);
    for (;;) {
      const at = rest.indexOf(this.#nonce);
      if (at < 0) {
        const cut = rest.length - this.#possibleStart(rest);
        this.#give(rest.subarray(0, cut));
        this.#held = rest.subarray(cut);
        return;
      }
      this.#give(rest.subarray(0, at));
      const end = rest.indexOf('\n', at);
      if (end < 0) {
        this.#held = rest.subarray(at);
        return;
      }
      this.#onMark(rest.subarray(at + this.#nonce.length + 1, end).toString());
      rest = rest.subarray(end + 1);
    }
  }

  #give(data: Buffer): void {
    if (data.length > 0) this.#onData(data);
  }

  /** How many bytes at the end could be the beginning of a nonce. */
  #possibleStart(data: Buffer): number {
    let length = Math.min(data.length, this.#nonce.length - 1);
    while (length > 0 && !data.subarray(data.length - length).equals(this.#nonce.subarray(0, length)))
      length -= 1;
    return length;
  }
}
