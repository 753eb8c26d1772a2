import { randomBytes } from 'node:crypto';
import type { Secret } from '../core/secret.ts';
import { quote } from '../core/shell.ts';
import { type Channel, type Link, Lost } from './link.ts';

/** sudo let us not in. Never tried again with the same password. */
export class SudoRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'SudoRefused';
  }
}

/**
 * The password that sudo asks for. Until one host has taken it, only one is asked at a time: a wrong one, tried by many
 * hosts at once, locks an account that they share.
 */
export class SudoPassword {
  readonly #secret: Secret;
  #trial: Promise<void> | undefined;
  #isAccepted = false;
  #rejectedBy: string | undefined;

  constructor(secret: Secret) {
    this.#secret = secret;
  }

  /** Opens a program as root. Throws `SudoRefused` or `Lost`. */
  async open(link: Link, words: readonly string[], host: string): Promise<Channel> {
    while (!this.#isAccepted && this.#trial !== undefined) await this.#trial;
    if (this.#rejectedBy !== undefined)
      throw new SudoRefused(`the password was rejected on ${this.#rejectedBy}, and is not tried again`);
    if (this.#isAccepted) return this.#openOnce(link, words, host);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#trial = promise;
    try {
      const channel = await this.#openOnce(link, words, host);
      this.#isAccepted = true;
      return channel;
    } finally {
      this.#trial = undefined;
      resolve();
    }
  }

  async #openOnce(link: Link, words: readonly string[], host: string): Promise<Channel> {
    const mark = randomBytes(9).toString('hex');
    const [prompt, ready] = [`fanops-asks-${mark}:`, `fanops-is-root-${mark}\n`];
    // The program begins by saying so: until then what we wrote could be taken for another password.
    const begin = ['sh', '-c', 'echo "$0" >&2; exec "$@"', ready.trim(), ...words];
    const command = ['sudo', '-k', '-S', '-p', prompt, '--', ...begin].map(quote).join(' ');
    const channel = await link.open(`exec ${command}`);
    const heard = await this.#answer(channel, prompt, ready);
    if (heard === 'ready') return channel;
    channel.destroy();
    if (heard !== 'asked twice') throw heard;
    this.#rejectedBy = host;
    throw new SudoRefused('sudo rejected the password');
  }

  /** Gives the password when it is asked for, once, and waits until the program has begun. */
  #answer(channel: Channel, prompt: string, ready: string): Promise<'ready' | 'asked twice' | Error> {
    return new Promise((resolve) => {
      let said = '';
      let isGiven = false;
      const listen = (chunk: Buffer): void => {
        said += chunk.toString('latin1');
        const end = said.indexOf(ready);
        if (end >= 0) {
          channel.stderr.off('data', listen);
          channel.stderr.pause();
          const rest = said.slice(end + ready.length);
          if (rest !== '') channel.stderr.unshift(Buffer.from(rest, 'latin1'));
          // By then whoever wanted the channel listens to it.
          setImmediate(() => channel.stderr.resume());
          resolve('ready');
        } else if (said.split(prompt).length > 2) {
          resolve('asked twice');
        } else if (!isGiven && said.includes(prompt)) {
          isGiven = true;
          channel.stdin.write(`${this.#secret.expose()}\n`);
        }
      };
      channel.stderr.on('data', listen);
      void channel.closed.then((exit) => {
        const words = Buffer.from(said.replaceAll(prompt, ''), 'latin1').toString().trim();
        const isLost = exit.status === null && exit.signal === null;
        resolve(isLost ? new Lost(exit.lost ?? 'the connection was lost') : new SudoRefused(words));
      });
    });
  }
}
