import type { CommandResult } from '../core/command.ts';
import type { Batch, BatchCommand, BatchListener } from '../core/session.ts';
import type { StreamName } from './frames.ts';

/** Of each stream of a command this much is shown as it comes; of more, a result keeps head and tail. */
export const KEPT = 256 * 1024;

/** What has come of one command of a batch so far; survives a lost connection. */
export interface CommandProgress {
  readonly command: BatchCommand;
  readonly number: number;
  readonly chunks: { readonly [stream in StreamName]: Buffer[] };
  readonly received: { [stream in StreamName]: number };
  begun: boolean;
  /** Came while a command before was still being written down; told in order. */
  readonly held: { readonly stream: StreamName; readonly chunk: Buffer }[];
  result: CommandResult | undefined;
}

/** What has come of a batch so far. */
export class BatchProgress {
  readonly batch: Batch;
  /** When the host was restarted since, a batch that did not begin is not begun. */
  readonly bootId: string;
  readonly commands: readonly CommandProgress[];
  /** Resolved when the host has said that it began. */
  readonly accepted = Promise.withResolvers<void>();
  isAccepted = false;
  readonly #listener: BatchListener;

  constructor(batch: Batch, bootId: string, listener: BatchListener) {
    this.batch = batch;
    this.bootId = bootId;
    this.#listener = listener;
    this.commands = batch.commands.map((command, number) => ({
      command,
      number,
      chunks: { stdout: [], stderr: [] },
      received: { stdout: 0, stderr: 0 },
      begun: false,
      held: [],
      result: undefined,
    }));
  }

  accept(): void {
    this.isAccepted = true;
    this.accepted.resolve();
    this.#begin(this.commands.find((c) => c.result === undefined));
  }

  take(progress: CommandProgress, stream: StreamName, chunk: Buffer): void {
    const fitting = Buffer.from(chunk.subarray(0, Math.max(0, KEPT - progress.received[stream])));
    progress.received[stream] += chunk.length;
    if (fitting.length === 0) return;
    progress.chunks[stream].push(fitting);
    progress.held.push({ stream, chunk: fitting });
    const before = this.commands[progress.number - 1];
    if (before === undefined || before.result !== undefined) this.#begin(progress);
  }

  finish(progress: CommandProgress, result: CommandResult): void {
    this.#begin(progress);
    progress.result = result;
    this.#listener.finished?.(progress.command.id, result);
    if (result.status === 0) this.#begin(this.commands[progress.number + 1]);
  }

  /** Tells that a command has begun, and what it has said so far. */
  #begin(progress: CommandProgress | undefined): void {
    if (progress === undefined) return;
    if (!progress.begun) this.#listener.started?.(progress.command.id);
    progress.begun = true;
    for (const { stream, chunk } of progress.held.splice(0))
      this.#listener.output?.(progress.command.id, stream, chunk);
  }

  contact(state: 'lost' | 'regained', detail: string): void {
    this.#listener.contact?.(state, detail);
  }

  results(): CommandResult[] {
    return this.commands.map((c) => c.result).filter((r) => r !== undefined);
  }
}
