import type { RunEvent } from '../core/event.ts';
import type { Paint } from './paint.ts';
import type { RunbookProgress } from './runbook-progress.ts';

/** Shows a run as it happens. */
export interface Reporter {
  emit(event: RunEvent): void;
  /** Shows a text of one's own between the events, as whole lines. */
  print(text: string): void;
  /** Shows what is left and stops. */
  close(): Promise<void>;
}

/** Time, as reporters need it. */
export interface Ticker {
  /** Milliseconds; only differences count. */
  now(): number;
  /** Calls `turn` again and again until the returned function is called. */
  every(ms: number, turn: () => void): () => void;
}

export interface ReporterOptions {
  readonly paint: Paint;
  readonly ticker: Ticker;
  readonly verbose: boolean;
  /** Where the runbook stands that is shown; its reporters take turns. */
  readonly progress?: RunbookProgress;
}

export const realTicker: Ticker = {
  now: () => performance.now(),
  every(ms, turn) {
    const timer = setInterval(turn, ms);
    timer.unref();
    return () => clearInterval(timer);
  },
};
