import { type Diagnostic, InputError } from '../core/diagnostic.ts';
import type { Runbook, Step } from '../core/runbook.ts';
import { quote } from '../core/shell.ts';
import { Unknown } from '../core/value.ts';
import { didYouMean } from '../language/nearest.ts';

/** What has to be typed in a run, as far as it is known before anything is looked at. */
export interface Wanted {
  readonly text: string;
  readonly of: string;
}

/** What the operator types for a host that is gone. */
export function lostText(host: string): string {
  return `${host} is powered off`;
}

export function wantedTexts({ lost }: Runbook, steps: readonly Step[]): { known: Wanted[]; open: Step[] } {
  const known: Wanted[] = lost.map((host) => ({ text: lostText(host), of: `--lost ${host}` }));
  const open: Step[] = [];
  for (const step of steps) {
    if (!step.confirm || step.hosts.length === 0) continue;
    const text = textOf(step);
    if (text === undefined) open.push(step);
    else known.push({ text, of: `step ${step.number} (${step.name})` });
  }
  return { known, open };
}

/** The text as it is before anything was looked at; undefined where it depends on that. */
function textOf({ confirm, hosts }: Step): string | undefined {
  const [host] = hosts;
  if (!confirm || host === undefined) return undefined;
  try {
    const items = confirm.render({ host, registers: {}, facts: new Unknown('the host was reached') });
    const text = items instanceof Unknown ? items : items[0]?.args.text;
    return typeof text === 'string' ? text.trim() : undefined;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/**
 * Refuses, before anything is done, a run that nobody could confirm on the way: with --yes or without a terminal
 * every text must have been given. One that nobody asks for, not even `later`, is refused too: it is a mistake.
 */
export function checkConfirmations(
  { known, open }: ReturnType<typeof wantedTexts>,
  given: readonly string[],
  canAsk: boolean,
  later: ReturnType<typeof wantedTexts> = { known: [], open: [] },
): void {
  const texts = [...known, ...later.known].map(({ text }) => text);
  const missing = canAsk ? [] : known.filter(({ text }) => !given.includes(text));
  const unasked = open.length + later.open.length > 0 ? [] : given.filter((text) => !texts.includes(text));
  const mistakes: Diagnostic[] = [
    ...missing.map(
      ({ text, of }): Diagnostic => ({
        severity: 'error',
        message: `${of} must be confirmed by its text`,
        hint: `write --confirm ${quote(text)}`,
      }),
    ),
    ...unasked.map((text): Diagnostic => {
      const hint = didYouMean(text, texts, 'asked for');
      return {
        severity: 'error',
        message: `--confirm: nothing asks for \`${text}\``,
        ...(hint === undefined ? {} : { hint }),
      };
    }),
  ];
  if (mistakes.length > 0) throw new InputError(mistakes);
}
