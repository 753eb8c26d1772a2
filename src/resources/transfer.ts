import { posix } from 'node:path';
import { blocked, type Change, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { type PathInfo, pathFact } from '../facts/path.ts';
import { placeFact } from '../facts/place.ts';
import { parentProblem } from './parts/parent.ts';
import { replaceFile } from './parts/replace.ts';
import { absolutePath, object, text } from './parts/schema.ts';

type Pair = { readonly src: string; readonly dest: string };

export type TransferArgs = {
  readonly from: string;
  readonly src?: string;
  readonly dest?: string;
  readonly files?: readonly Pair[];
};

/** One file that has to come, as `diff` found it. */
type Due = Pair & { readonly at: string; readonly sha256: string; readonly size: number };

type Result = { readonly from: string; readonly files: readonly { dest: string; sha256: string }[] };

const PAIR = {
  src: absolutePath('The file on the other host; symbolic links are followed.'),
  dest: absolutePath('The file on this host; what is there is replaced whole and keeps its attributes.'),
};

export const transfer: Resource<TransferArgs, Result> = {
  name: 'transfer',
  kind: 'action',
  scope: 'host',
  summary:
    'Files of another host are copied to this one: streamed through the controller, which keeps nothing of them, verified by checksum on both ends, replaced whole. A new file has mode 0600.',
  examples: [
    {
      title: 'A file of another host, straight from there',
      yaml: `- name: Have db2's settings at hand
  transfer: { from: db2, src: /etc/patroni/config.yml, dest: /var/tmp/db2.yml }
`,
    },
  ],
  schema: {
    ...object(
      {
        from: text('The host of the inventory that has the files.'),
        ...PAIR,
        files: {
          type: 'array',
          minItems: 1,
          uniqueItems: true,
          items: object(PAIR, ['src', 'dest']),
          description: 'Several files at once, instead of src and dest.',
        },
      },
      ['from'],
    ),
    oneOf: [{ required: ['src', 'dest'] }, { required: ['files'] }],
  },
  result: object(
    {
      from: text('The host they came from.'),
      files: {
        type: 'array',
        items: object({ dest: text('The file on this host.'), sha256: text('Checksum of its content.') }, [
          'dest',
          'sha256',
        ]),
        description: 'What is there now, in the order of the arguments.',
      },
    },
    ['files', 'from'],
  ),
  identity: ['src', 'dest', 'files', 'from'],
  address: (args) => `transfer ${pairsOf(args)[0]?.dest} from ${args.from}`,
  needs: (args) => pairsOf(args).flatMap(({ dest }) => [destFact(dest), placeFact(posix.dirname(dest))]),
  needsElsewhere: (args) => pairsOf(args).map(({ src }) => ({ host: args.from, request: sourceFact(src) })),
  diff,
  commands: ({ from }, change) => [commandFor(from, (change.note ?? []) as readonly Due[])],
  touches: (args) => pairsOf(args).map(({ dest }) => ({ on: 'path', path: dest })),
  registered: (args, _change, _outputs, facts) => ({
    from: args.from,
    files: pairsOf(args).map(({ src, dest }) => {
      const looked = facts.get(sourceFact(src), args.from);
      return { dest, sha256: looked.state === 'value' ? (looked.value.sha256 ?? '') : '' };
    }),
  }),
};

function pairsOf({ src, dest, files }: TransferArgs): readonly Pair[] {
  return files ?? (src === undefined || dest === undefined ? [] : [{ src, dest }]);
}

function sourceFact(src: string) {
  return pathFact(src, { follow: true, sum: true });
}

function destFact(dest: string) {
  return pathFact(dest, { follow: true, sum: true });
}

function diff(args: TransferArgs, facts: FactView): Change {
  const due: Due[] = [];
  const fields: Change['fields'][number][] = [];
  for (const pair of pairsOf(args)) {
    const source = sourceOf(pair, args.from, facts);
    if (typeof source === 'string') return blocked(source);
    const target = targetOf(pair, facts);
    if (typeof target === 'string') return blocked(target);
    if (target.sha256 === source.sha256) continue;
    due.push({ ...pair, at: target.at, ...source });
    const before = target.sha256 === undefined ? {} : { before: `sha256:${target.sha256}` };
    fields.push({ field: pair.dest, ...before, after: `sha256:${source.sha256}` });
  }
  if (due.length === 0) return NONE;
  return {
    action: 'run',
    risk: 'changes',
    fields,
    reason: `copies ${counted(due)} from ${args.from}`,
    note: due,
  };
}

/** What has to come, or why it cannot. */
function sourceOf({ src }: Pair, from: string, facts: FactView): { sha256: string; size: number } | string {
  const looked = facts.get(sourceFact(src), from);
  if (looked.state === 'unreadable') return `could not look at ${src} on ${from}: ${looked.reason}`;
  if (looked.state === 'absent') return `${src} does not exist on ${from}`;
  const { type, sha256, size } = looked.value;
  if (type !== 'file') return `expected a regular file at ${src} on ${from}, found a ${type}`;
  if (sha256 === undefined) return `could not read the content of ${src} on ${from}`;
  return { sha256, size: size ?? 0 };
}

/** Where it goes, links followed, and what is there; or why it cannot. */
function targetOf({ dest }: Pair, facts: FactView): { at: string; sha256?: string } | string {
  const looked = facts.get(destFact(dest));
  if (looked.state === 'unreadable') return `could not look at ${dest}: ${looked.reason}`;
  if (looked.state === 'absent') return parentProblem(dest, facts) ?? { at: dest };
  const info: PathInfo = looked.value;
  if (info.type !== 'file')
    return `expected a regular file at ${dest}, found a ${info.type === 'link' ? 'link that leads nowhere' : info.type}`;
  if (info.mounted) return `something is mounted at ${dest}: it cannot be replaced whole`;
  return { at: info.at ?? dest, ...(info.sha256 === undefined ? {} : { sha256: info.sha256 }) };
}

function commandFor(from: string, due: readonly Due[]): Command {
  return {
    kind: 'transfer',
    from,
    files: due.map(({ src, at, sha256, size }) => ({
      path: src,
      size,
      into: replaceFile({
        at,
        body: { sha256, size, stdin: { kind: 'file', path: src, sha256, size } },
        attributes: {},
      }).text,
    })),
    display: `copy ${counted(due)} from ${from}`,
  };
}

function counted(due: readonly Due[]): string {
  const [first] = due;
  return due.length === 1 && first ? `${first.src} to ${first.dest}` : `${due.length} files`;
}
