import { posix } from 'node:path';
import { blocked, type Change, type FieldChange, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { Secret } from '../core/secret.ts';
import { contentFact } from '../facts/content.ts';
import { pathFact } from '../facts/path.ts';
import { placeFact } from '../facts/place.ts';
import { type Tree, treeFact } from '../facts/tree.ts';
import { parentProblem } from './parts/parent.ts';
import {
  digestOf,
  driftOf,
  entriesOf,
  filesOf,
  type Owners,
  type ReleaseFile,
  SET_NAME,
  type SetFile,
} from './parts/release-set.ts';
import { publishSet, startSet, writeFile } from './parts/release-write.ts';
import { ATTRIBUTES, absolutePath, object, SOURCE, text } from './parts/schema.ts';

export type ReleaseArgs = {
  readonly path: string;
  readonly releases: string;
  readonly files: readonly ReleaseFile[];
  readonly keep?: number;
  readonly owner?: string;
  readonly group?: string;
};

type Result = { readonly path: string; readonly target: string };

/** What `diff` keeps for `commands`: the name of the set, and whether it has to be written. */
type Note = { readonly name: string; readonly write: boolean };

const FILE = object(
  {
    path: {
      type: 'string',
      pattern: '^(?!\\.{1,2}(/|$))[^/\\u0000]+(/(?!\\.{1,2}(/|$))[^/\\u0000]+)*$',
      description: 'Where it is in the set: "scripts/backup.sh".',
    },
    src: text('The file on the controller: rendered where its name ends in .hbs, else copied byte for byte.'),
    content: text('The whole content, instead of `src`.'),
    source: SOURCE,
    ...ATTRIBUTES,
  },
  ['path'],
);

export const release: Resource<ReleaseArgs, Result> = {
  name: 'release',
  kind: 'resource',
  scope: 'host',
  summary:
    'A set of files that change together: written beside the old set, then put in its place by switching one link.',
  examples: [
    {
      title: 'Scripts and their settings, replaced together',
      yaml: `- directory: { path: /opt/report, mode: "0755" }
- name: The reports
  release:
    path: /opt/report/current
    releases: /opt/report/releases
    files:
      - { path: bin/report.sh, src: report.sh, mode: "0755" }
      - { path: report.conf, content: "to = dba@example.org\\n", mode: "0644" }
`,
    },
  ],
  schema: object(
    {
      path: absolutePath('The link through which the set in use is reached.'),
      releases: absolutePath('The directory that holds the sets, each named by a digest of what is in it.'),
      files: {
        type: 'array',
        items: {
          ...FILE,
          anyOf: [{ required: ['src'] }, { required: ['content'] }],
          description: 'One file: its path, and either src or content.',
        },
        minItems: 1,
        'x-secret': true,
        description: 'All files of the set; nothing else may be in it.',
      },
      keep: {
        type: 'integer',
        minimum: 1,
        default: 3,
        description: 'How many sets stay after a switch, the one in use among them.',
      },
      owner: {
        ...ATTRIBUTES.owner,
        description:
          'Owner of the directories, and of files that name none. Whoever writes them when absent.',
      },
      group: {
        ...ATTRIBUTES.group,
        description:
          'Group of the directories, and of files that name none. Whoever writes them when absent.',
      },
    },
    ['path', 'releases', 'files'],
  ),
  result: object({ path: text('The link.'), target: text('The set that it leads to.') }, ['path', 'target']),
  identity: ['path', 'releases'],
  address: ({ path }) => `path ${path}`,
  needs: ({ path, releases }) => [
    pathFact(path),
    placeFact(posix.dirname(path)),
    placeFact(posix.dirname(releases)),
    treeFact(releases),
  ],
  detail: (args, change) =>
    changedTexts(args, change).map((path) => contentFact(posix.join(args.path, path))),
  diff,
  commands,
  touches: ({ path, releases }) => [
    { on: 'path', path },
    { on: 'path', path: releases },
  ],
  registered: ({ path }, change, _outputs, facts) => ({ path, target: targetAfter(path, change, facts) }),
};

function diff(args: ReleaseArgs, facts: FactView): Change {
  const { path, releases } = args;
  const twice = args.files.find((file, index) =>
    args.files.some((f, i) => i < index && f.path === file.path),
  );
  if (twice) return blocked(`${twice.path} is in the set twice`);
  if (args.files.some(({ content }) => content instanceof Secret && !content.isOpen))
    return blocked(`a file of ${path} holds a secret whose value is not known here`);
  const link = facts.get(pathFact(path));
  const sets = facts.get(treeFact(releases));
  if (link.state === 'unreadable') return blocked(`could not look at ${path}: ${link.reason}`);
  if (sets.state === 'unreadable') return blocked(`could not look into ${releases}: ${sets.reason}`);
  const problem =
    parentProblem(path, facts) ?? (sets.state === 'absent' ? parentProblem(releases, facts) : undefined);
  if (problem) return blocked(problem);
  if (link.state === 'value' && link.value.type !== 'link')
    return blocked(
      `expected a symbolic link at ${path}, found a ${link.value.type}: move it aside (mv -T -- ${path} ${path}.old), then apply again`,
    );
  const target = link.state === 'value' ? link.value.target : undefined;
  const tree = sets.state === 'value' ? sets.value : { entries: [] };
  return compare(args, target, tree, facts);
}

function compare(args: ReleaseArgs, target: string | undefined, tree: Tree, facts: FactView): Change {
  const files = filesOf(args.files, args);
  const current = target === undefined ? undefined : nameIn(args.releases, target);
  const oldText = (path: string) => textOf(posix.join(args.path, path), facts);
  const drift = driftOf(current === undefined ? [] : entriesOf(tree, current), files, args, oldText);
  if (current !== undefined && drift.length === 0) return NONE;
  const note = place(files, tree, args);
  const after = posix.join(args.releases, note.name);
  const link: FieldChange = { field: 'target', ...(target === undefined ? {} : { before: target }), after };
  // A set that is written for the first time names its files; where it is the first, nothing else differs.
  return {
    action: target === undefined ? 'create' : 'update',
    risk: 'changes',
    fields: [link, ...drift.filter(({ field }) => field !== '.' || target !== undefined)],
    note,
  };
}

/** An intact set of this digest is used again; one that was tampered with stays, and a fresh name is taken. */
function place(files: readonly SetFile[], tree: Tree, owners: Owners): Note {
  const digest = digestOf(files);
  for (let copy = 1; ; copy += 1) {
    const name = copy === 1 ? digest : `${digest}-${copy}`;
    const entries = entriesOf(tree, name);
    if (entries.length === 0) return { name, write: true };
    if (driftOf(entries, files, owners, () => ({})).length === 0) return { name, write: false };
  }
}

/** The name of the set that a link leads to; undefined where it leads elsewhere. */
function nameIn(releases: string, target: string): string | undefined {
  const name = posix.basename(target);
  return target === posix.join(releases, name) && SET_NAME.test(name) ? name : undefined;
}

function commands(args: ReleaseArgs, change: Change): Command[] {
  const { name, write } = change.note as Note;
  const files = filesOf(args.files, args);
  const set = { path: args.path, releases: args.releases, name, keep: args.keep ?? 3, write };
  const written = write ? [startSet(set, files, args), ...files.map((file) => writeFile(set, file))] : [];
  return [...written, publishSet(set)];
}

/** Texts of the set in use that are shown beside the new ones. */
function changedTexts({ files }: ReleaseArgs, change: Change): string[] {
  if (change.action !== 'update') return [];
  const changed = new Set(change.fields.filter((f) => f.before !== undefined).map((f) => f.field));
  return files.filter(({ path, content }) => content !== undefined && changed.has(path)).map((f) => f.path);
}

/** The engine looks at it only once a change is sure. */
function textOf(path: string, facts: FactView): { readonly text?: string } {
  try {
    const looked = facts.get(contentFact(path));
    return looked.state === 'value' ? looked.value : {};
  } catch {
    return {};
  }
}

function targetAfter(path: string, change: Change, facts: FactView): string {
  const after = change.fields.find((f) => f.field === 'target')?.after;
  if (typeof after === 'string') return after;
  const looked = facts.get(pathFact(path));
  return looked.state === 'value' ? (looked.value.target ?? '') : '';
}
