import { createHash } from 'node:crypto';
import type { FieldChange } from '../../core/change.ts';
import type { Source } from '../../core/command.ts';
import { MASK, Secret } from '../../core/secret.ts';

/** A file on the controller, as the language found it. */
export type LocalFile = { readonly path: string; readonly sha256: string; readonly size: number };

/** What a file is to contain. */
export interface Body {
  readonly sha256: string;
  readonly stdin: Source;
  /** Bytes; absent where the content is secret, because its length would be told by the script. */
  readonly size?: number;
  /** Absent for a file on the controller: it may be long. */
  readonly text?: string | Secret;
}

/** Longer texts are shown by their checksum. Characters. */
const SHOWN = 65_536;

/** A checksum of what was secret would let it be guessed. */
const NOT_SHOWN = '(not shown)';

export function bodyOf(
  content: string | Secret | undefined,
  source: LocalFile | undefined,
): Body | undefined {
  if (source) return { sha256: source.sha256, size: source.size, stdin: { kind: 'file', ...source } };
  if (content === undefined) return undefined;
  const stdin: Source = { kind: 'text', text: content };
  if (content instanceof Secret) return { sha256: digest(content.expose()), stdin, text: content };
  return { sha256: digest(content), size: Buffer.byteLength(content), stdin, text: content };
}

/** How a change of content is shown: as texts where they are at hand and not too long. */
export function contentChange(
  body: Body,
  before?: { readonly sha256?: string; readonly text?: string },
): FieldChange {
  const after = body.text;
  if (after instanceof Secret && before && before.text === undefined)
    return { field: 'content', before: NOT_SHOWN, after };
  const isShown = after !== undefined && textOf(after).length <= SHOWN;
  if (!isShown || (before && before.text === undefined))
    return {
      field: 'content',
      ...(before?.sha256 === undefined ? {} : { before: `sha256:${before.sha256}` }),
      after: after instanceof Secret ? after : `sha256:${body.sha256}`,
    };
  if (before?.text === undefined) return { field: 'content', after, text: true };
  const old = after instanceof Secret ? maskedLike(before.text, after) : before.text;
  return { field: 'content', before: old, after, text: true };
}

/** The old text of a secret one: shown are only the lines that the new one shows too. */
function maskedLike(old: string, secret: Secret): Secret {
  const harmless = new Set(secret.masked.split('\n').filter((line) => !line.includes(MASK)));
  const masked = old.split('\n').map((line) => (harmless.has(line) ? line : MASK));
  return Secret.open(old, masked.join('\n'));
}

function textOf(text: string | Secret): string {
  return text instanceof Secret ? text.masked : text;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
