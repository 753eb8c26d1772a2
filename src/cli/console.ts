import type { Masker } from '../core/masker.ts';
import { choosePaint, type Paint } from '../report/paint.ts';
import { type Args, isSet } from './args.ts';

/** Where a command writes: what machines read to stdout, everything else to stderr, secrets masked on both. */
export interface Console {
  out(text: string): void;
  err(text: string): void;
  readonly paintOut: Paint;
  readonly paintErr: Paint;
}

export function openConsole(masker: Masker, args: Args): Console {
  const noColour = isSet(args, 'no-color');
  return {
    out: (text) => void process.stdout.write(masker.mask(text)),
    err: (text) => void process.stderr.write(masker.mask(text)),
    paintOut: choosePaint({ terminal: process.stdout.isTTY, noColour, env: process.env }),
    paintErr: choosePaint({ terminal: process.stderr.isTTY, noColour, env: process.env }),
  };
}

/** For messages of before the arguments are known: asks the command line itself. */
export function stderrPaint(): Paint {
  const noColour = process.argv.includes('--no-color') || process.argv.includes('--no-colour');
  return choosePaint({ terminal: process.stderr.isTTY, noColour, env: process.env });
}
