import type { Host } from '../core/host.ts';
import type { SessionStats } from '../core/session.ts';
import { quote } from '../core/shell.ts';
import { asAccount } from './host-program.ts';
import { type HostShell, openHostShell, ShellEnded } from './host-shell.ts';
import { type Channel, type Link, Lost } from './link.ts';
import { SudoPassword } from './sudo.ts';
import { Turns } from './turns.ts';

/** sshd allows ten channels and frees them late; five at a time always went through. One is the main shell's. */
const SIDE_CHANNELS = 3;

/** One connection to a host that stands: its main shell, and what goes on beside it. */
export class Contact {
  readonly link: Link;
  readonly #host: Host;
  readonly #stats: SessionStats;
  /** How its programs become root; undefined: they need not. */
  readonly #sudo: SudoPassword | 'without a password' | undefined;
  readonly #idle: HostShell[] = [];
  readonly #turns = new Turns(SIDE_CHANNELS);
  #main: Promise<HostShell>;

  private constructor(link: Link, host: Host, stats: SessionStats, password?: SudoPassword) {
    this.link = link;
    this.#host = host;
    this.#stats = stats;
    this.#sudo = needsSudo(host) ? (password ?? 'without a password') : undefined;
    this.#main = this.#openShell('hello');
    this.#main.catch(() => undefined);
  }

  /** Says hello. A password for sudo is used where sudo wants one. Throws `Lost`, `ShellEnded` or `SudoRefused`. */
  static async over(
    link: Link,
    host: Host,
    stats: SessionStats,
    password: SudoPassword | undefined,
  ): Promise<Contact> {
    stats.waits += link.waits.connect;
    const open = new Contact(link, host, stats);
    try {
      await (await open.#main).greeting;
      return open;
    } catch (error) {
      if (!(error instanceof ShellEnded) || !needsSudo(host) || password === undefined) throw error;
    }
    const contact = new Contact(link, host, stats, password);
    await (await contact.#main).greeting;
    return contact;
  }

  /** The shell that answers nearly everything. */
  get shell(): Promise<HostShell> {
    return this.#main;
  }

  /** Opens a new main shell, once for everybody who noticed that `ended` did. */
  reopen(ended: HostShell): void {
    this.#main = this.#main.then((main) => (main === ended ? this.#openShell('hello') : main));
    this.#main.catch(() => undefined);
  }

  /** Uses a shell beside the main one: for what may hang, and while the main one is busy. */
  async beside<T>(use: (shell: HostShell) => Promise<T>): Promise<T> {
    return this.#turns.take(async () => {
      const shell = this.#idle.pop() ?? (await this.#openShell('ready'));
      try {
        const result = await use(shell);
        this.#idle.push(shell);
        return result;
      } catch (error) {
        shell.destroy();
        throw error;
      }
    });
  }

  /** Runs a script in a `sh` on a channel of its own, with raw streams; `args` are its $1, $2 and so on. */
  async channel<T>(
    script: string,
    args: readonly string[],
    use: (channel: Channel) => Promise<T>,
    as?: string,
  ): Promise<T> {
    return this.#turns.take(async () => {
      this.#stats.waits += this.link.waits.open + 1;
      const words = ['sh', '-c', ...(as === undefined ? [script, 'sh'] : asAccount(script, as)), ...args];
      const channel = await this.#open(words);
      try {
        return await use(channel);
      } finally {
        channel.destroy();
      }
    });
  }

  /** Kills what the main shell is hanging in; the shell itself goes on. */
  async killHung(main: HostShell): Promise<void> {
    const { shellPid } = await main.greeting;
    await this.beside((shell) => shell.request('kill_below', [shellPid]));
  }

  async close(): Promise<void> {
    for (const shell of this.#idle) shell.end();
    (await this.#main.catch(() => undefined))?.end();
    await this.link.close();
  }

  async #openShell(first: 'hello' | 'ready'): Promise<HostShell> {
    this.#stats.waits += this.link.waits.open;
    return openHostShell(await this.#open(['sh']), this.#host, first, () => {
      this.#stats.waits += 1;
    });
  }

  #open(words: readonly string[]): Promise<Channel> {
    if (this.#sudo instanceof SudoPassword) return this.#sudo.open(this.link, words, this.#host.name);
    const sudo = this.#sudo === undefined ? [] : ['sudo', '-n'];
    return this.link.open(`exec ${[...sudo, ...words].map(quote).join(' ')}`);
  }
}

/** Whether an error says that contact was lost, in whatever way. */
export function isLoss(error: unknown): error is Lost | ShellEnded {
  return error instanceof Lost || error instanceof ShellEnded;
}

function needsSudo(host: Host): boolean {
  if (!host.become) return false;
  return host.connection === 'local' ? process.getuid?.() !== 0 : host.user !== 'root';
}
