import type { FactRequest } from './fact.ts';
import type { Secret } from './secret.ts';

/** Where the bytes of a command's stdin come from. */
export type Source = (
  | { readonly kind: 'text'; readonly text: string | Secret }
  | { readonly kind: 'base64'; readonly base64: string }
  /** A file on the controller: streamed, never held in memory. */
  | { readonly kind: 'file'; readonly path: string; readonly sha256: string; readonly size: number }
) & {
  /** Sent ahead of it, for the command's own script to take off. */
  readonly before?: Secret;
};

/** Something to be done, as data. Only the engine runs it. */
export type Command =
  | {
      readonly kind: 'shell';
      readonly script: string;
      /** How it is shown: short, without secrets. */
      readonly display: string;
      readonly stdin?: Source;
      /** The account that runs it; absent: the play's (root, where it says `become`). */
      readonly as?: string;
      readonly timeoutMs: number;
      /** Cluster scope only: the member that runs it; absent: the elected one. */
      readonly on?: string;
    }
  | {
      /** A file of the host that is streamed to the controller, verified, and put in place whole. */
      readonly kind: 'fetch';
      readonly from: string;
      readonly to: string;
      readonly sha256: string;
      readonly display: string;
    }
  | {
      /** Files of another host, streamed through the controller, one after the other: never in its memory or on its disk. */
      readonly kind: 'transfer';
      /** The host of the inventory where they are. */
      readonly from: string;
      readonly files: readonly {
        readonly path: string;
        /** Bytes, to tell how far it is. */
        readonly size: number;
        /** A script of the receiving host that gets the content as its stdin, and verifies it. */
        readonly into: string;
      }[];
      readonly display: string;
    }
  | {
      /** The shell command before it has the host start anew and prints what `boot` prints; then it is waited for. */
      readonly kind: 'reboot';
      /** A script that prints which start the host runs since. */
      readonly boot: string;
      readonly withinMs: number;
      readonly display: string;
    }
  | {
      readonly kind: 'await';
      /** Looked at again and again until the resource's `met` is content. */
      readonly probe: readonly FactRequest[];
      readonly everyMs: number;
      readonly withinMs: number;
      readonly display: string;
    };

/** How one command ended. */
export interface CommandResult {
  /** Exit status; null when it was ended by a signal or is not known. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Output is kept up to a limit, head and tail. */
  readonly truncated: boolean;
  readonly durationMs: number;
}
