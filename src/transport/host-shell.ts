import { randomBytes } from 'node:crypto';
import type { Host } from '../core/host.ts';
import { quote } from '../core/shell.ts';
import { FrameReader, type StreamName } from './frames.ts';
import { type Greeting, hostProgram, parseGreeting } from './host-program.ts';
import { type Channel, type Exit, Lost } from './link.ts';

/** The shell on the host ended by itself while the connection stands: a script killed it, or sudo refused. */
export class ShellEnded extends Error {
  readonly exit: Exit;
  /** Whether this request was the one being answered. */
  readonly answering: boolean;

  constructor(message: string, exit: Exit, answering: boolean) {
    super(message);
    this.name = 'ShellEnded';
    this.exit = exit;
    this.answering = answering;
  }
}

export interface Reply {
  readonly status: number;
  /** What follows the status. */
  readonly words: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

export interface RequestOptions {
  /** Takes the output as it comes, instead of the reply. */
  onData?(stream: StreamName, chunk: Buffer): void;
  /** Called when the answer takes longer than `timeoutMs`, counted from the end of the answer before it. */
  readonly timeoutMs?: number;
  onTimeout?(): void;
  /** Nobody waits for the answer. */
  readonly unawaited?: boolean;
}

/** A `sh` on the host that answers requests one after another; many may be under way. */
export interface HostShell {
  /** What came first; empty where only `ready` was asked. */
  readonly greeting: Promise<Greeting>;
  /** Calls a function of the host program. Throws `Lost` or `ShellEnded`. */
  request(name: string, args: readonly (string | number)[], options?: RequestOptions): Promise<Reply>;
  /** Leaves when everything asked has been answered. */
  end(): void;
  destroy(): void;
}

interface Pending extends RequestOptions {
  readonly id: string;
  readonly output: { readonly [stream in StreamName]: Buffer[] };
  readonly ended: Set<StreamName>;
  words: string;
  timer: NodeJS.Timeout | undefined;
  readonly resolve: (reply: Reply) => void;
  readonly reject: (reason: Error) => void;
}

/** Sends the program to a `sh`, without waiting for its first answer. `onWait` counts the waits. */
export function openHostShell(
  channel: Channel,
  host: Host,
  first: 'hello' | 'ready',
  onWait: () => void,
): HostShell {
  const queue = new RequestQueue(channel, onWait);
  const greeting = queue.expect('0', {}).then(({ stdout }) => parseGreeting(stdout.toString()));
  greeting.catch(() => undefined);
  channel.stdin.write(hostProgram(queue.nonce, host, first));
  let count = 0;
  return {
    greeting,
    request(name, args, options = {}) {
      count += 1;
      const reply = queue.expect(String(count), options);
      channel.stdin.write(`${[name, count, ...args.map((arg) => quote(String(arg))), '.'].join(' ')}\n`);
      return reply;
    },
    end: () => channel.stdin.end(),
    destroy: () => queue.giveUp('the session was closed'),
  };
}

/** Matches the answers on both streams with the requests, which are answered in their order. */
class RequestQueue {
  readonly nonce = `@${randomBytes(12).toString('hex')}@`;
  readonly #pending: Pending[] = [];
  readonly #channel: Channel;
  readonly #onWait: () => void;
  #over: ((answering: boolean) => Error) | undefined;

  constructor(channel: Channel, onWait: () => void) {
    this.#channel = channel;
    this.#onWait = onWait;
    for (const stream of ['stdout', 'stderr'] as const) {
      const reader = new FrameReader(
        this.nonce,
        (chunk) => this.#data(stream, chunk),
        (words) => this.#mark(stream, words),
      );
      channel[stream].on('data', (chunk: Buffer) => reader.push(chunk));
      channel[stream].on('error', () => undefined);
    }
    channel.stdin.on('error', () => undefined);
    void channel.closed.then((exit) => this.#close(exit));
  }

  expect(id: string, options: RequestOptions): Promise<Reply> {
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    // Whoever waits for several answers hears of the loss by the first.
    promise.catch(() => undefined);
    if (this.#over !== undefined) {
      reject(this.#over(false));
      return promise;
    }
    // What nobody waits for may be answered or not by now: it must not decide what counts.
    if (!options.unawaited && this.#pending.every((one) => one.unawaited)) this.#onWait();
    const output = { stdout: [], stderr: [] };
    this.#pending.push({
      ...options,
      id,
      output,
      ended: new Set(),
      words: '',
      timer: undefined,
      resolve,
      reject,
    });
    if (this.#pending.length === 1) this.#startTimer();
    return promise;
  }

  #data(stream: StreamName, chunk: Buffer): void {
    const request = this.#pending.find((p) => !p.ended.has(stream));
    if (request === undefined) return;
    if (request.onData !== undefined) request.onData(stream, chunk);
    else request.output[stream].push(Buffer.from(chunk));
  }

  #mark(stream: StreamName, words: string): void {
    const request = this.#pending.find((p) => !p.ended.has(stream));
    const [id, ...rest] = words.split(' ');
    if (request === undefined || id !== request.id) {
      this.giveUp(
        `the answers of the host are out of step: "${words}" instead of ${request?.id ?? 'nothing'}`,
      );
      return;
    }
    request.ended.add(stream);
    if (stream === 'stdout') request.words = rest.join(' ');
    while (this.#pending[0]?.ended.size === 2) this.#answer(this.#pending.shift() as Pending);
  }

  #answer(request: Pending): void {
    clearTimeout(request.timer);
    const [status, ...words] = request.words.split(' ');
    request.resolve({
      status: Number(status),
      words: words.join(' '),
      stdout: Buffer.concat(request.output.stdout),
      stderr: Buffer.concat(request.output.stderr),
    });
    this.#startTimer();
  }

  #startTimer(): void {
    const request = this.#pending[0];
    if (request?.timeoutMs === undefined || request.timer !== undefined) return;
    request.timer = setTimeout(() => request.onTimeout?.(), request.timeoutMs);
  }

  /** Ends the shell at once; whoever still waits hears of a loss. */
  giveUp(reason: string): void {
    this.#settle(() => new Lost(reason));
    this.#channel.destroy();
  }

  #close(exit: Exit): void {
    const known = exit.status !== null || exit.signal !== null;
    const said = Buffer.concat(this.#pending[0]?.output.stderr ?? [])
      .toString()
      .trim();
    this.#settle((answering) =>
      known
        ? new ShellEnded(shellEnded(exit, said), exit, answering)
        : new Lost(exit.lost ?? 'the connection was lost'),
    );
  }

  #settle(over: (answering: boolean) => Error): void {
    if (this.#over !== undefined) return;
    this.#over = over;
    for (const [index, request] of this.#pending.splice(0).entries()) {
      clearTimeout(request.timer);
      request.reject(over(index === 0));
    }
  }
}

function shellEnded(exit: Exit, said: string): string {
  const how = exit.signal === null ? `with status ${exit.status}` : `by signal ${exit.signal}`;
  return `the shell on the host ended ${how}${said === '' ? '' : `: ${said}`}`;
}
