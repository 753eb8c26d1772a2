import { posix } from 'node:path';
import { blocked, type Change, NONE } from '../core/change.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { lines, type Script, sh } from '../core/shell.ts';
import { pathFact } from '../facts/path.ts';
import { placeFact } from '../facts/place.ts';
import { PATH_RESULT } from './file.ts';
import { parentProblem } from './parts/parent.ts';
import { privateDirectory } from './parts/replace.ts';
import { absolutePath, flag, object } from './parts/schema.ts';

export type LinkArgs = { readonly path: string; readonly target: string; readonly force?: boolean };

export const link: Resource<LinkArgs, { readonly path: string }> = {
  name: 'link',
  kind: 'resource',
  scope: 'host',
  summary: 'A symbolic link; an existing one is switched over in one step.',
  examples: [
    {
      title: 'A program by another name',
      yaml: `- name: A short name
  link: { path: /usr/local/bin/pg, target: /usr/bin/psql }
`,
    },
  ],
  schema: object(
    {
      path: absolutePath('The link itself.'),
      target: {
        type: 'string',
        minLength: 1,
        pattern: '^[^\\u0000]+$',
        description:
          'What it points to, as written in it: absolute, or relative to the directory of the link. It need not exist.',
      },
      force: flag('Replace a regular file that is in its place.', false),
    },
    ['path', 'target'],
  ),
  result: PATH_RESULT,
  identity: ['path'],
  address: ({ path }) => `path ${path}`,
  needs: ({ path }) => [pathFact(path), placeFact(posix.dirname(path))],
  diff,
  commands: (args) => [
    {
      kind: 'shell',
      script: script(args).text,
      display: `ln -s ${args.target} ${args.path}`,
      timeoutMs: 60_000,
    },
  ],
  touches: ({ path }) => [{ on: 'path', path }],
  registered: ({ path }) => ({ path }),
};

function diff({ path, target, force }: LinkArgs, facts: FactView): Change {
  const looked = facts.get(pathFact(path));
  if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
  if (looked.state === 'absent') {
    const problem = parentProblem(path, facts);
    return problem
      ? blocked(problem)
      : { action: 'create', risk: 'changes', fields: [{ field: 'target', after: target }] };
  }
  const { type, mounted, target: before } = looked.value;
  if (type === 'link') {
    if (before === target) return NONE;
    return {
      action: 'update',
      risk: 'changes',
      fields: [{ field: 'target', before: before ?? '', after: target }],
    };
  }
  if (type !== 'file' || mounted)
    return blocked(`expected a symbolic link at ${path}, found a ${type}: move it away first`);
  if (!force)
    return blocked(`expected a symbolic link at ${path}, found a file: move it away, or say force: true`);
  return {
    action: 'update',
    risk: 'destroys',
    fields: [
      { field: 'type', before: type, after: 'link' },
      { field: 'target', after: target },
    ],
  };
}

/** Made aside and renamed: at no moment is there no link. */
function script({ path, target }: LinkArgs): Script {
  return lines(privateDirectory(path), sh`ln -s -- ${target} "$d/link"`, sh`mv -fT -- "$d/link" ${path}`);
}
