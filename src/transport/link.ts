import type { Readable, Writable } from 'node:stream';

/** The connection is gone: what was going on may or may not have happened. Never seen outside this folder. */
export class Lost extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Lost';
  }
}

/** How a program ended; both null when the connection went first. */
export interface Exit {
  readonly status: number | null;
  readonly signal: string | null;
  /** Why the connection went, where it did. */
  readonly lost?: string;
}

/** One program on the host, with its three streams. */
export interface Channel {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** When it has ended and all its output has come. Never rejects. */
  readonly closed: Promise<Exit>;
  /** Gives up on it at once. */
  destroy(): void;
}

/** A way to start programs on one host: an ssh connection, or this machine. */
export interface Link {
  /** Runs a command line of the login shell. Throws `Lost`. */
  open(commandLine: string): Promise<Channel>;
  /** Round trips that were waited for to connect, and those that opening one channel takes. */
  readonly waits: { readonly connect: number; readonly open: number };
  /** Bytes on the wire so far. */
  bytes(): { readonly sent: number; readonly received: number };
  close(): Promise<void>;
}
