import { posix } from 'node:path';
import { blocked, type Change, type FieldChange, NONE } from '../../core/change.ts';
import type { Command } from '../../core/command.ts';
import type { FactRequest, FactView, Prediction } from '../../core/fact.ts';
import { Secret } from '../../core/secret.ts';
import { lines, type Script, sh } from '../../core/shell.ts';
import type { Touch } from '../../core/touch.ts';
import type { Json } from '../../core/value.ts';
import { contentFact } from '../../facts/content.ts';
import { type PathInfo, pathFact } from '../../facts/path.ts';
import { placeFact } from '../../facts/place.ts';
import { type Attributes, attributeChanges, attributesAfter, setAttributes } from './attributes.ts';
import { type Body, bodyOf, contentChange, type LocalFile } from './body.ts';
import { parentProblem } from './parent.ts';
import { replaceFile, validateProblem } from './replace.ts';

/** What `file`, `copy` and `template` come to. */
export interface WantedFile extends Attributes {
  readonly path: string;
  readonly content?: string | Secret;
  readonly source?: LocalFile;
  readonly validate?: string;
  readonly follow?: boolean;
  /** For resources: run once the file is in its place; the old one comes back unless it succeeds. */
  readonly check?: Script;
}

/** What `diff` keeps for `commands`. */
type Note = {
  /** The real path. */
  readonly at: string;
  readonly write: boolean;
  /** Attributes as they will be, where that is certain. */
  readonly after: Attributes | null;
};

const MINUTE = 60_000;

export function fileNeeds({ path, follow = true }: Pick<WantedFile, 'path' | 'follow'>): FactRequest[] {
  return [pathFact(path, { follow, sum: true }), placeFact(posix.dirname(path))];
}

/** The old text is shown beside the new one. */
export function fileDetail(wanted: WantedFile, change: Change): FactRequest[] {
  if (change.action !== 'update' || !noteOf(change).write || wanted.content === undefined) return [];
  return [contentFact(noteOf(change).at)];
}

export function fileDiff(wanted: WantedFile, facts: FactView): Change {
  const { path, follow = true } = wanted;
  if (wanted.content instanceof Secret && !wanted.content.isOpen)
    return blocked(`the content of ${path} holds a secret whose value is not known here`);
  const problem = validateProblem(wanted.validate);
  if (problem) return blocked(problem);
  const body = bodyOf(wanted.content, wanted.source);
  const looked = facts.get(pathFact(path, { follow, sum: true }));
  if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
  if (looked.state === 'absent') return creation(wanted, body, path, facts);
  const info = looked.value;
  if (info.type === 'link') {
    if (!follow) return replacedLink(wanted, body, info);
    if (info.at === undefined || info.at === path)
      return blocked(`${path} is a symbolic link that leads to itself`);
    return creation(wanted, body, info.at, facts);
  }
  if (info.type !== 'file')
    return blocked(`expected a regular file at ${path}, found a ${info.type}: move it away first`);
  return update(wanted, body, info, facts);
}

function creation(wanted: WantedFile, body: Body | undefined, at: string, facts: FactView): Change {
  const problem = parentProblem(wanted.path, facts);
  if (problem) return blocked(problem);
  if (!body) return blocked(`${wanted.path} does not exist: give its content or src, or make it first`);
  const attributes = { ...wanted, mode: wanted.mode ?? defaultMode(wanted) };
  return {
    action: 'create',
    risk: 'changes',
    fields: [contentChange(body), ...attributeChanges(attributes)],
    note: note({ at, write: true, after: attributesAfter(attributes) ?? null }),
  };
}

function replacedLink(wanted: WantedFile, body: Body | undefined, info: PathInfo): Change {
  if (!body)
    return blocked(`expected a regular file at ${wanted.path}, found a symbolic link to ${info.target}`);
  const attributes = { ...wanted, mode: wanted.mode ?? defaultMode(wanted) };
  return {
    action: 'update',
    risk: 'changes',
    fields: [
      { field: 'type', before: `link to ${info.target}`, after: 'file' },
      contentChange(body),
      ...attributeChanges(attributes),
    ],
    note: note({ at: wanted.path, write: true, after: attributesAfter(attributes) ?? null }),
  };
}

function update(wanted: WantedFile, body: Body | undefined, info: PathInfo, facts: FactView): Change {
  const { path } = wanted;
  const at = info.at ?? path;
  const fields: FieldChange[] = attributeChanges(wanted, info);
  if (body && info.sha256 === undefined) return blocked(`could not read the content of ${path}`);
  const write = body !== undefined && info.sha256 !== body.sha256;
  if (write && info.mounted)
    return blocked(
      `something is mounted at ${at} (a bind mount?): it cannot be replaced; change its source instead`,
    );
  if (write) fields.unshift(contentChange(body, { ...sumOf(info), ...oldText(at, facts) }));
  if (fields.length === 0) return NONE;
  return {
    action: 'update',
    risk: 'changes',
    fields,
    note: note({ at, write, after: attributesAfter(wanted, info) ?? null }),
  };
}

export function fileCommands(wanted: WantedFile, change: Change): Command[] {
  const { at, write, after } = noteOf(change);
  const body = bodyOf(wanted.content, wanted.source);
  // Permissions are always set again, because a new owner clears the setuid bits.
  const attributes = { ...wanted, mode: after?.mode ?? wanted.mode ?? defaultMode(wanted) };
  if (!write || !body)
    return [
      {
        kind: 'shell',
        script: lines(sh`set -eu`, setAttributes(sh`${at}`, attributes)).text,
        display: `set ${change.fields.map((f) => f.field).join(', ')} of ${at}`,
        timeoutMs: MINUTE,
      },
    ];
  const { validate, check } = wanted;
  const script = replaceFile({
    at,
    body,
    attributes,
    ...(validate === undefined ? {} : { validate }),
    ...(check === undefined ? {} : { check }),
  });
  const timeoutMs = wanted.source ? 60 * MINUTE : 5 * MINUTE;
  return [{ kind: 'shell', script: script.text, display: `write ${at}`, stdin: body.stdin, timeoutMs }];
}

export function fileTouches(path: string, change: Change): Touch[] {
  const at = change.note === undefined ? path : noteOf(change).at;
  // A link that is replaced or removed may have led to a directory: what was below it is not there any more.
  const only = !change.fields.some((f) => f.field === 'type' || (f.field === 'state' && f.before === 'link'));
  return [...new Set([path, at])].map((p): Touch => ({ on: 'path', path: p, only }));
}

/** Only what is certain: nothing through a link, and owners only where they are declared or known. */
export function filePredict(wanted: WantedFile, change: Change): Prediction[] {
  const { at, write, after } = noteOf(change);
  const { path, follow = true } = wanted;
  if (at !== path) return [];
  const place: Prediction = {
    request: placeFact(path),
    looked: { state: 'value', value: { type: 'file' } },
  };
  const body = bodyOf(wanted.content, wanted.source);
  if (!write || !body || !after) return [place];
  const value = { type: 'file', ...after, sha256: body.sha256, mounted: false };
  return [place, { request: pathFact(path, { follow, sum: true }), looked: { state: 'value', value } }];
}

/** What holds a secret is for its owner only, unless said otherwise. */
function defaultMode({ content }: WantedFile): string {
  return content instanceof Secret ? '0600' : '0644';
}

function sumOf({ sha256 }: PathInfo): { readonly sha256?: string } {
  return sha256 === undefined ? {} : { sha256 };
}

/** The engine looks at it only once a change is sure; until then the change is shown without. */
function oldText(at: string, facts: FactView): { readonly text?: string } {
  try {
    const looked = facts.get(contentFact(at));
    return looked.state === 'value' ? looked.value : {};
  } catch {
    return {};
  }
}

function note(value: Note): Json {
  return value as Json;
}

function noteOf(change: Change): Note {
  return change.note as Note;
}
