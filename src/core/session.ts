import type { Readable, Writable } from 'node:stream';
import type { CommandResult, Source } from './command.ts';
import type { Answer } from './fact.ts';
import type { Hello, Host } from './host.ts';
import type { Lease, LeaseWanted } from './lease.ts';

/** A host could not be reached, or contact was lost and not regained. Exit code 4. */
export class Unreachable extends Error {
  readonly host: string;

  constructor(host: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Unreachable';
    this.host = host;
  }
}

/** One command of a batch. `id` is stable: the step's, and its number within it. */
export interface BatchCommand {
  readonly id: string;
  readonly script: string;
  readonly stdin?: Source;
  readonly as?: string;
  readonly timeoutMs: number;
  /** Handlers noted on the host as pending just before this command begins. */
  readonly notes?: readonly string[];
  /** Handlers struck off on the host once this command has succeeded. */
  readonly strikes?: readonly string[];
}

/** Commands run in order on one host, stopped at the first failure, detached from the connection. */
export interface Batch {
  /** `[A-Za-z0-9._-]+`, unique for the run and segment: the same key never runs twice. */
  readonly key: string;
  readonly commands: readonly BatchCommand[];
  /** What the run's lease of the host was given: nothing begins without. Absent for what only reads. */
  readonly token?: number;
}

/** What it takes to ask a host for the ends of a batch that was sent to it by an earlier controller. */
export interface SentBatch {
  readonly key: string;
  readonly commands: number;
}

export interface BatchListener {
  started?(id: string): void;
  output?(id: string, stream: 'stdout' | 'stderr', chunk: Buffer): void;
  finished?(id: string, result: CommandResult): void;
  /** The connection was lost or regained; the work on the host goes on meanwhile. */
  contact?(state: 'lost' | 'regained', detail: string): void;
}

export interface BatchResult {
  /**
   * `refused`: not one command was begun (no room on the host, the host knows nothing of it). `fenced`: another run,
   * or another controller of this one, holds the lease; what has a result was done.
   */
  readonly outcome: 'done' | 'failed' | 'timed-out' | 'in-doubt' | 'cancelled' | 'refused' | 'fenced';
  /** One per command that was begun. */
  readonly results: readonly CommandResult[];
  /** Why, for every outcome but `done` and `failed`. */
  readonly reason?: string;
}

export interface SessionStats {
  /** How often we waited for an answer (round trips), the connection's own included. */
  waits: number;
  bytesSent: number;
  bytesReceived: number;
}

export interface StreamOptions {
  /** The account; absent: the session's own. */
  readonly as?: string;
  /** Gives up on it. */
  readonly signal?: AbortSignal;
}

export interface StreamEnd {
  readonly status: number;
  readonly stderr: string;
}

/** One connection to one host. Reconnects by itself while a batch runs; else a loss is `Unreachable`. */
export interface Session {
  readonly host: Host;
  readonly hello: Hello;
  readonly stats: SessionStats;
  /** Runs a read-only script. Pipelined: many probes at once cost one round trip. */
  probe(script: string, options: { timeoutMs: number; mayHang?: boolean; as?: string }): Promise<Answer>;
  run(batch: Batch, listener: BatchListener): Promise<BatchResult>;
  /** Follows a batch that was sent before, to its end: whatever of it was not begun stays so. */
  attach(batch: SentBatch, listener: BatchListener): Promise<BatchResult>;
  /** Takes the lease for a run, or takes it again with a new token; else says who holds it. */
  takeLease(wanted: LeaseWanted): Promise<{ readonly token: number } | { readonly heldBy: Lease }>;
  /** Gives the lease back where this run holds it. */
  dropLease(run: string): Promise<void>;
  /** Who holds the lease; changes nothing. */
  lease(): Promise<Lease | undefined>;
  /** Streams a file of the host into `sink`; memory stays flat. */
  download(path: string, sink: Writable, options?: StreamOptions): Promise<StreamEnd>;
  /**
   * Streams `source` into the stdin of a script; memory stays flat. Not durable: a lost connection ends the script's
   * input, so it has to verify what came before it keeps it.
   */
  feed(script: string, source: Readable, options?: StreamOptions): Promise<StreamEnd>;
  /** Begins no further command of a running batch; the one that runs goes on to its end. */
  halt(key: string): Promise<void>;
  /** Signals every process of a running batch. While contact is lost it gives up regaining it: the batch is `Unreachable`. */
  cancel(key: string, signal: 'TERM' | 'KILL'): Promise<void>;
  /** Strikes handlers off the host's list without running anything. */
  strike(handlers: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export type Connect = (host: Host) => Promise<Session>;
