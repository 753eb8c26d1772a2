/** What a piece of text means; each meaning has one colour, Ansible's where Ansible has one. */
export type Meaning =
  | 'ok'
  | 'changed'
  | 'failed'
  | 'unreachable'
  | 'skipped'
  | 'warning'
  | 'added'
  | 'removed'
  | 'place'
  | 'quiet'
  | 'strong';

/** Colours a text by its meaning, or leaves it alone. */
export type Paint = (meaning: Meaning, text: string) => string;

const CODES: { readonly [meaning in Meaning]: string } = {
  ok: '32',
  changed: '33',
  failed: '31',
  unreachable: '91',
  skipped: '36',
  warning: '95',
  added: '32',
  removed: '31',
  place: '36',
  quiet: '2',
  strong: '1',
};

export function plainPaint(_meaning: Meaning, text: string): string {
  return text;
}

export function colourPaint(meaning: Meaning, text: string): string {
  return text === '' ? text : `\u001b[${CODES[meaning]}m${text}\u001b[0m`;
}

/** Colours only on a terminal, and not where the user said no: NO_COLOR (any value but empty) or --no-color. */
export function choosePaint(options: {
  readonly terminal: boolean;
  readonly noColour: boolean;
  readonly env: { readonly [name: string]: string | undefined };
}): Paint {
  const refused = options.noColour || (options.env.NO_COLOR ?? '') !== '' || options.env.TERM === 'dumb';
  return options.terminal && !refused ? colourPaint : plainPaint;
}
