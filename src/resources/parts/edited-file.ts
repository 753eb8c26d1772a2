import { blocked, type Change } from '../../core/change.ts';
import type { Command } from '../../core/command.ts';
import type { FactRequest, FactView } from '../../core/fact.ts';
import type { JsonSchema } from '../../core/resource.ts';
import type { Script } from '../../core/shell.ts';
import { contentFact } from '../../facts/content.ts';
import { pathFact } from '../../facts/path.ts';
import type { Attributes } from './attributes.ts';
import { fileCommands, fileDiff, fileNeeds, type WantedFile } from './regular-file.ts';
import { ATTRIBUTES, absolutePath, flag, text } from './schema.ts';

/** What `line_in_file` and `block_in_file` have in common. */
export interface EditedFile extends Attributes {
  readonly path: string;
  readonly create?: boolean;
  readonly validate?: string;
}

export const EDITED_PROPERTIES: { readonly [name: string]: JsonSchema } = {
  path: absolutePath('The file; where it is a symbolic link, the file at its end.'),
  create: flag('Make the file where there is none.', false),
  insert_after: text(
    'A regular expression (of JavaScript): what is new goes after the last line that it finds, else to the end.',
  ),
  validate: {
    type: 'string',
    pattern: '%s',
    description: 'A command that must succeed before the old file is replaced, with %s for the new one.',
  },
  ...ATTRIBUTES,
};

/** Gives the lines as they should be, or says why that cannot be done. */
export type Edit = (lines: readonly string[]) => readonly string[] | { readonly problem: string };

export function editedNeeds({ path }: EditedFile): FactRequest[] {
  return [...fileNeeds({ path }), contentFact(path)];
}

/** @param adds whether the edit wants something in the file, so that a missing file is a difference */
export function editedDiff(args: EditedFile, adds: boolean, edit: Edit, facts: FactView): Change {
  const wanted = wantedFile(args, adds, edit, facts);
  return 'problem' in wanted ? blocked(wanted.problem) : fileDiff(wanted, facts);
}

export function editedCommands(
  args: EditedFile,
  adds: boolean,
  edit: Edit,
  change: Change,
  facts: FactView,
  check?: Script,
): Command[] {
  const wanted = wantedFile(args, adds, edit, facts);
  if ('problem' in wanted) throw new Error(wanted.problem);
  return fileCommands(check === undefined ? wanted : { ...wanted, check }, change);
}

/** True where there is no file, and none is wanted. */
export function isAway({ path }: EditedFile, adds: boolean, facts: FactView): boolean {
  return !adds && facts.get(pathFact(path, { follow: true, sum: true })).state === 'absent';
}

function wantedFile(
  args: EditedFile,
  adds: boolean,
  edit: Edit,
  facts: FactView,
): WantedFile | { readonly problem: string } {
  const { path, create } = args;
  const looked = facts.get(contentFact(path));
  if (looked.state === 'unreadable') return { problem: `could not read ${path}: ${looked.reason}` };
  if (looked.state === 'absent' && adds && !create)
    return { problem: `${path} does not exist: make it first, or say create: true` };
  const old = looked.state === 'value' ? looked.value.text : '';
  if (old === undefined) return { problem: `${path} is longer than 64 KiB, or not UTF-8: it is not edited` };
  const lines = old === '' ? [] : old.replace(/\n$/, '').split('\n');
  const edited = edit(lines);
  if ('problem' in edited) return edited;
  // A file that needs no edit keeps its end, with or without a newline.
  const isSame = edited.length === lines.length && edited.every((line, index) => line === lines[index]);
  const content = isSame ? old : edited.map((line) => `${line}\n`).join('');
  return { ...args, content };
}

/** Where something new goes: after the last line that the expression finds, or to the end. */
export function insertAt(lines: readonly string[], pattern: RegExp | undefined): number {
  const found = pattern ? lines.findLastIndex((line) => pattern.test(line)) : -1;
  return found < 0 ? lines.length : found + 1;
}

/** Compiles a regular expression of an argument. */
export function patternOf(
  argument: string,
  pattern: string | undefined,
): RegExp | undefined | { readonly problem: string } {
  if (pattern === undefined) return undefined;
  try {
    return new RegExp(pattern, 'u');
  } catch (error) {
    return { problem: `${argument} is not a regular expression: ${(error as Error).message}` };
  }
}
