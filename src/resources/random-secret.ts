import { posix } from 'node:path';
import { blocked, type Change, type FieldChange, NONE } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { Secret } from '../core/secret.ts';
import { lines, type Script, sh } from '../core/shell.ts';
import { placeFact } from '../facts/place.ts';
import { type SecretFile, secretFileFact } from '../facts/secret-file.ts';
import { type Attributes, attributeChanges, setAttributes } from './parts/attributes.ts';
import { parentProblem } from './parts/parent.ts';
import { privateDirectory } from './parts/replace.ts';
import { ATTRIBUTES, absolutePath, object, oneOf, text } from './parts/schema.ts';

export interface RandomSecretArgs extends Attributes {
  readonly path: string;
  readonly members: string;
  readonly bytes?: number;
  readonly encoding?: 'base64' | 'hex';
}

type Result = { readonly path: string; readonly fingerprint: string; readonly value: Secret };

/** What each member's file came to. */
interface Survey {
  readonly holders: readonly { readonly member: string; readonly file: SecretFile }[];
  readonly lacking: readonly string[];
  readonly unseen: readonly { readonly member: string; readonly reason: string }[];
}

export const randomSecret: Resource<RandomSecretArgs, Result> = {
  name: 'random_secret',
  kind: 'resource',
  scope: 'cluster',
  summary:
    'A secret that a whole group has in common: made once, copied to the members that lack it, never overwritten.',
  examples: [
    {
      title: 'A secret that all nodes share, made once',
      yaml: `- name: Token of the reports
  random_secret: { path: /etc/report.token, members: db, owner: postgres, group: postgres }
`,
    },
  ],
  schema: object(
    {
      path: absolutePath('Where every member keeps it.'),
      members: text('The inventory group whose hosts all hold it.'),
      bytes: {
        type: 'integer',
        minimum: 16,
        maximum: 1024,
        default: 32,
        description: 'How much randomness.',
      },
      encoding: { ...oneOf(['base64', 'hex'], 'How it is written down, in one line.'), default: 'base64' },
      ...ATTRIBUTES,
      mode: {
        ...(ATTRIBUTES.mode as object),
        default: '0600',
        description: 'Permissions as four octal digits in quotes.',
      },
    },
    ['path', 'members'],
  ),
  result: object(
    {
      path: text('Where it is.'),
      fingerprint: text('Tells secrets apart without telling them.'),
      value: { ...text('The secret itself, without the end of line.'), 'x-secret': true },
    },
    ['path', 'fingerprint', 'value'],
  ),
  identity: ['path', 'members'],
  membersFrom: 'members',
  rounds: 3,
  address: ({ path, members }) => `random_secret ${members} ${path}`,
  needs: ({ path }) => [secretFileFact(path), placeFact(posix.dirname(path))],
  diff,
  commands,
  touches: ({ path }) => [
    { on: 'path', path },
    { on: 'cluster', name: path },
  ],
  registered({ path }, _change, _outputs, facts) {
    const [holder] = survey(path, facts).holders;
    if (!holder) throw new Error(`no member holds ${path}`);
    const value = Secret.open(valueIn(holder.file));
    return { path, fingerprint: value.fingerprint('fanops random_secret'), value };
  },
};

function diff(args: RandomSecretArgs, facts: FactView): Change {
  const { path } = args;
  const { holders, lacking, unseen } = survey(path, facts);
  const problem = problemWith(path, holders, unseen) ?? firstParentProblem(path, lacking, facts);
  if (problem) return blocked(problem);
  const [holder] = holders;
  const from = holder?.member ?? facts.host;
  const fields: FieldChange[] = [
    ...lacking.map((member) => ({ field: member, after: member === from ? 'made' : `copied from ${from}` })),
    ...holders.flatMap(({ member, file }) =>
      drift(args, file).map((f) => ({ ...f, field: `${f.field} on ${member}` })),
    ),
  ];
  if (fields.length === 0) return NONE;
  return { action: holder ? 'update' : 'create', risk: 'changes', fields };
}

/** Whatever could lead to a second secret, or to a lost one, stops everything. */
function problemWith(path: string, holders: Survey['holders'], unseen: Survey['unseen']): string | undefined {
  const [first] = holders;
  const other = holders.find((h) => first && valueIn(h.file) !== valueIn(first.file));
  if (first && other)
    return `${first.member} and ${other.member} hold different secrets at ${path}; nothing is written: find out which one is in use and move the other away`;
  const empty = holders.find((h) => valueIn(h.file) === '');
  if (empty) return `${path} on ${empty.member} is empty: move it away, or put the secret there`;
  const [hidden] = unseen;
  if (!first && hidden)
    return `no member that could be looked at holds ${path}, but ${hidden.member} may: ${hidden.reason}`;
  return undefined;
}

function firstParentProblem(path: string, lacking: readonly string[], facts: FactView): string | undefined {
  for (const member of lacking) {
    const problem = parentProblem(path, facts, member);
    if (problem) return `${member}: ${problem}`;
  }
  return undefined;
}

/** One round: make it, or, once it is somewhere, copy it and mend owners and permissions. */
function commands(args: RandomSecretArgs, _change: Change, facts: FactView): Command[] {
  const { path } = args;
  const { holders, lacking } = survey(path, facts);
  const [holder] = holders;
  if (!holder)
    return [
      shell(
        facts.host,
        publish(args, generate(args), lengthOf(args)),
        `make the secret ${path} on ${facts.host}`,
      ),
    ];
  const copies = lacking.map((member) => ({
    ...shell(member, publish(args, sh`cat`), `copy the secret ${path} from ${holder.member} to ${member}`),
    stdin: { kind: 'text', text: holder.file.text } as const,
  }));
  const mended = holders
    .filter(({ file }) => drift(args, file).length > 0)
    .map(({ member }) =>
      shell(
        member,
        lines(sh`set -eu`, setAttributes(sh`${path}`, withMode(args))),
        `set owner and permissions of ${path} on ${member}`,
      ),
    );
  return [...copies, ...mended];
}

function shell(on: string, script: Script, display: string): Extract<Command, { kind: 'shell' }> {
  return { kind: 'shell', on, script: script.text, display, timeoutMs: 60_000 };
}

/** `ln` never overwrites: whatever appeared meanwhile stays, and this fails. */
function publish(args: RandomSecretArgs, producer: Script, length?: number): Script {
  return lines(
    privateDirectory(args.path),
    sh`${producer} >"$d/secret"`,
    length === undefined
      ? sh`[ -s "$d/secret" ] || { echo 'the secret did not arrive' >&2; exit 1; }`
      : sh`[ "$(stat -c %s -- "$d/secret")" = ${length} ] || { echo 'too little randomness' >&2; exit 1; }`,
    setAttributes(sh`"$d/secret"`, withMode(args)),
    sh`sync -- "$d/secret"`,
    sh`ln -T -- "$d/secret" ${args.path}`,
    sh`sync -- ${posix.dirname(args.path)}`,
  );
}

function generate({ bytes = 32, encoding }: RandomSecretArgs): Script {
  return encoding === 'hex'
    ? sh`{ head -c ${bytes} /dev/urandom | od -An -v -tx1 | tr -d ' \\n'; echo; }`
    : sh`{ head -c ${bytes} /dev/urandom | base64 -w 0; echo; }`;
}

/** Of the file, with its end of line. */
function lengthOf({ bytes = 32, encoding }: RandomSecretArgs): number {
  return 1 + (encoding === 'hex' ? 2 * bytes : 4 * Math.ceil(bytes / 3));
}

function survey(path: string, facts: FactView): Survey {
  const looked = facts.members.map((member) => ({ member, seen: facts.get(secretFileFact(path), member) }));
  return {
    holders: looked.flatMap(({ member, seen }) =>
      seen.state === 'value' ? [{ member, file: seen.value }] : [],
    ),
    lacking: looked.flatMap(({ member, seen }) => (seen.state === 'absent' ? [member] : [])),
    unseen: looked.flatMap(({ member, seen }) =>
      seen.state === 'unreadable' ? [{ member, reason: seen.reason }] : [],
    ),
  };
}

function drift(args: RandomSecretArgs, file: SecretFile): FieldChange[] {
  return attributeChanges(withMode(args), file);
}

function withMode(args: RandomSecretArgs): Attributes {
  return { ...args, mode: args.mode ?? '0600' };
}

function valueIn({ text: secret }: SecretFile): string {
  return secret.expose().replace(/\n+$/, '');
}
