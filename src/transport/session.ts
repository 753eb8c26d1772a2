import type { Readable, Writable } from 'node:stream';
import type { Answer } from '../core/fact.ts';
import type { Hello, Host } from '../core/host.ts';
import type { Lease, LeaseWanted } from '../core/lease.ts';
import {
  type Batch,
  type BatchListener,
  type BatchResult,
  type SentBatch,
  type Session,
  type SessionStats,
  type StreamEnd,
  type StreamOptions,
  Unreachable,
} from '../core/session.ts';
import { BatchProgress } from './batch-progress.ts';
import { runOverContact } from './batch-run.ts';
import { checkBatch, checkScript, checkUser } from './check-request.ts';
import { Contact, isLoss } from './contact.ts';
import { encodeHandler } from './handler-name.ts';
import { type HostShell, ShellEnded } from './host-shell.ts';
import { dropLease, readLease, takeLease } from './lease.ts';
import type { Link } from './link.ts';
import { probeAside, probeShared } from './probe.ts';
import { regain } from './regain.ts';
import type { Settings } from './settings.ts';
import { shellRefused } from './shell-refused.ts';
import { download, feed } from './streams.ts';
import { type SudoPassword, SudoRefused } from './sudo.ts';

export type OpenLink = () => Promise<Link>;

/** Connects and says hello. Throws `Unreachable`. */
export async function openSession(
  host: Host,
  settings: Settings,
  openLink: OpenLink,
  password?: SudoPassword,
): Promise<Session> {
  const session = new HostSession(host, settings, openLink, password);
  await session.connect();
  return session;
}

class HostSession implements Session {
  readonly host: Host;
  readonly #settings: Settings;
  readonly #openLink: OpenLink;
  readonly #password: SudoPassword | undefined;
  readonly #running = new Map<string, BatchProgress>();
  readonly #closing = new AbortController();
  /** Ends the attempts to regain contact. */
  readonly #givingUp = new AbortController();
  readonly #counted: SessionStats = { waits: 0, bytesSent: 0, bytesReceived: 0 };
  readonly #links: Link[] = [];
  #contact: Promise<Contact> = Promise.reject(new Error('not connected'));
  #regaining: Promise<Contact> | undefined;
  /** Contact went while nothing was running: whoever needs the host next connects again. */
  #isLost = false;
  #hello: Hello | undefined;

  constructor(host: Host, settings: Settings, openLink: OpenLink, password: SudoPassword | undefined) {
    this.host = host;
    this.#settings = settings;
    this.#openLink = openLink;
    this.#password = password;
    this.#contact.catch(() => undefined);
  }

  async connect(): Promise<void> {
    this.#contact = this.#open();
    await this.#contact;
  }

  get hello(): Hello {
    if (this.#hello === undefined) throw new Error('the session is not connected');
    return this.#hello;
  }

  get stats(): SessionStats {
    const bytes = this.#links.map((link) => link.bytes());
    return {
      waits: this.#counted.waits,
      bytesSent: bytes.reduce((sum, b) => sum + b.sent, 0),
      bytesReceived: bytes.reduce((sum, b) => sum + b.received, 0),
    };
  }

  async probe(
    script: string,
    options: { timeoutMs: number; mayHang?: boolean; as?: string },
  ): Promise<Answer> {
    checkScript(script);
    checkUser(options.as);
    try {
      const contact = await this.#standing();
      const ask = options.mayHang === true || options.as !== undefined ? probeAside : probeShared;
      return await ask(contact, script, options);
    } catch (error) {
      throw this.#unreachable(error, 'a look at it');
    }
  }

  async download(path: string, sink: Writable, options: StreamOptions = {}): Promise<StreamEnd> {
    checkUser(options.as);
    try {
      return await download(await this.#standing(), path, sink, options);
    } catch (error) {
      throw this.#unreachable(error, `the transfer of ${path}`);
    }
  }

  async feed(script: string, source: Readable, options: StreamOptions = {}): Promise<StreamEnd> {
    checkScript(script);
    checkUser(options.as);
    try {
      return await feed(await this.#standing(), script, source, options);
    } catch (error) {
      throw this.#unreachable(error, 'a transfer to it');
    }
  }

  async run(batch: Batch, listener: BatchListener): Promise<BatchResult> {
    checkBatch(batch);
    if (batch.commands.length === 0) return { outcome: 'done', results: [] };
    return this.#carry(new BatchProgress(batch, this.hello.bootId, listener));
  }

  attach({ key, commands }: SentBatch, listener: BatchListener): Promise<BatchResult> {
    const unknown = (_: unknown, number: number) => ({ id: String(number), script: '', timeoutMs: 0 });
    const batch = { key, commands: Array.from({ length: commands }, unknown) };
    checkBatch(batch);
    const progress = new BatchProgress(batch, this.hello.bootId, listener);
    progress.isAccepted = true;
    return this.#carry(progress);
  }

  async #carry(progress: BatchProgress): Promise<BatchResult> {
    const { batch } = progress;
    this.#running.set(batch.key, progress);
    try {
      return await this.#follow(progress);
    } finally {
      progress.accepted.resolve();
      this.#running.delete(batch.key);
    }
  }

  cancel(key: string, signal: 'TERM' | 'KILL'): Promise<void> {
    // Nobody can be told while contact is lost: whoever insists does not want to wait for it either.
    if (this.#regaining !== undefined) this.#givingUp.abort();
    return this.#end(key, signal);
  }

  halt(key: string): Promise<void> {
    return this.#end(key, 'none');
  }

  async #end(key: string, signal: 'TERM' | 'KILL' | 'none'): Promise<void> {
    const progress = this.#running.get(key);
    await progress?.accepted.promise;
    const ask = async () => {
      const contact = await this.#contact;
      await contact.beside((shell) => shell.request('cancel', [key, signal]));
    };
    try {
      await ask().catch((error: unknown) => {
        if (!isLoss(error) || !this.#running.has(key)) throw error;
        return this.#regained().then(ask);
      });
    } catch (error) {
      throw this.#unreachable(error, `the cancelling of ${key}`);
    }
  }

  async strike(handlers: readonly string[]): Promise<void> {
    const written = handlers.map(encodeHandler).join(' ');
    await this.#asking('striking off handlers', (shell) => shell.request('strike', [written]));
  }

  takeLease(wanted: LeaseWanted): Promise<{ readonly token: number } | { readonly heldBy: Lease }> {
    return this.#asking('taking its lease', (shell) => takeLease(shell, this.host.name, wanted));
  }

  dropLease(run: string): Promise<void> {
    return this.#asking('giving its lease back', (shell) => dropLease(shell, this.host.name, run));
  }

  lease(): Promise<Lease | undefined> {
    return this.#asking('a look at its lease', readLease);
  }

  async #asking<T>(what: string, ask: (shell: HostShell) => Promise<T>): Promise<T> {
    try {
      return await ask(await (await this.#standing()).shell);
    } catch (error) {
      throw this.#unreachable(error, what);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    const contact = await this.#contact.catch(() => undefined);
    await contact?.close();
  }

  /** Attaches again as often as contact is lost and regained. */
  async #follow(progress: BatchProgress): Promise<BatchResult> {
    for (;;) {
      try {
        return await runOverContact(await this.#contact, progress);
      } catch (error) {
        if (!isLoss(error)) throw this.#unreachable(error, progress.batch.key);
        progress.contact('lost', error.message);
        await this.#regained(progress);
        progress.contact('regained', `contact with ${this.host.name} is back`);
      }
    }
  }

  /** Replaces the contact that was lost, once for all that noticed. */
  async #regained(progress?: BatchProgress): Promise<void> {
    const lost = await this.#contact.catch(() => undefined);
    void lost?.close();
    if (this.#regaining === undefined) {
      const stop = AbortSignal.any([this.#closing.signal, this.#givingUp.signal]);
      const late = (contact: Contact) => void contact.close();
      this.#regaining = regain(() => this.#open(), this.#settings.regainMs, stop, late);
      this.#contact = this.#regaining;
      this.#contact.catch(() => undefined);
    }
    try {
      await this.#regaining;
    } catch (error) {
      const key = progress?.batch.key ?? 'the batch';
      throw new Unreachable(
        this.host.name,
        `contact with ${this.host.name} was lost and not regained (${messageOf(error)}); ` +
          `the work on the host may go on: ${key}`,
        { cause: error },
      );
    } finally {
      this.#regaining = undefined;
    }
  }

  async #standing(): Promise<Contact> {
    if (!this.#isLost) return this.#contact;
    this.#isLost = false;
    void this.#contact.then((lost) => lost.close()).catch(() => undefined);
    this.#contact = this.#open();
    this.#contact.catch(() => {
      this.#isLost = true;
    });
    return this.#contact;
  }

  async #open(): Promise<Contact> {
    const link = await this.#openLink();
    this.#links.push(link);
    try {
      const contact = await Contact.over(link, this.host, this.#counted, this.#password);
      // Later batches are for the host as it is now; one that runs keeps the boot it was begun in.
      this.#hello = (await (await contact.shell).greeting).hello;
      return contact;
    } catch (error) {
      await link.close();
      if (error instanceof ShellEnded || error instanceof SudoRefused)
        throw new Unreachable(this.host.name, shellRefused(this.host, error), { cause: error });
      throw this.#unreachable(error, 'the greeting');
    }
  }

  #unreachable(error: unknown, during: string): unknown {
    if (error instanceof SudoRefused)
      return new Unreachable(this.host.name, shellRefused(this.host, error), { cause: error });
    if (!isLoss(error)) return error;
    this.#isLost = true;
    return new Unreachable(
      this.host.name,
      `contact with ${this.host.name} was lost during ${during}: ${error.message}`,
      {
        cause: error,
      },
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
