import { blocked, type Change } from '../core/change.ts';
import type { Command } from '../core/command.ts';
import type { FactView } from '../core/fact.ts';
import type { Resource } from '../core/resource.ts';
import { Secret } from '../core/secret.ts';
import { lines, quote, Script, sh } from '../core/shell.ts';
import { type CommandOutput, OUTPUT_RESULT, outputOf } from './command.ts';
import { type Body, bodyOf, type LocalFile } from './parts/body.ts';
import { milliseconds } from './parts/duration.ts';
import { takeSecrets, withSecrets } from './parts/environment.ts';
import {
  PROGRAM_IDENTITY,
  type ProgramArgs,
  programDiff,
  programNeeds,
  programProperties,
  surroundings,
  WORDS,
} from './parts/program.ts';
import { checkArrived } from './parts/replace.ts';
import { absolutePath, object, SOURCE, text } from './parts/schema.ts';

export type ScriptArgs = ProgramArgs & {
  readonly src?: string;
  readonly content?: string | Secret;
  readonly source?: LocalFile;
  readonly args?: readonly string[];
  readonly executable?: string;
};

export const script: Resource<ScriptArgs, CommandOutput> = {
  name: 'script',
  kind: 'action',
  scope: 'host',
  summary:
    'Runs a script of the controller on the host, by the interpreter that its first line names; nothing of it stays there.',
  examples: [
    {
      title: 'A script with arguments, run once',
      yaml: `- name: Make the archive's directories
  script:
    src: make-archive.sh
    args: [/srv/cold, "two words"]
    creates: /srv/cold/wal
`,
    },
  ],
  schema: {
    ...object({
      src: text(
        'The script on the controller: rendered where its name ends in .hbs, else taken byte for byte.',
      ),
      content: { ...text('The script itself, instead of `src`.'), 'x-secret': true },
      source: SOURCE,
      args: { type: 'array', items: { type: 'string' }, description: 'What it is given, one by one.' },
      executable: absolutePath(
        'The interpreter, instead of the one that its first line names (else /bin/sh).',
      ),
      ...programProperties('split into words, without a shell'),
    }),
    anyOf: [{ required: ['src'] }, { required: ['content'] }],
  },
  result: OUTPUT_RESULT,
  shorthand: 'src',
  identity: [...PROGRAM_IDENTITY],
  address: (args) => `script ${shownName(args)}`,
  needs: (args) => programNeeds(args, WORDS),
  diff,
  commands: (args) => [run(args)],
  touches: () => [{ on: 'anything' }],
  registered: (_args, _change, [output]) => outputOf(output),
};

function diff(args: ScriptArgs, facts: FactView): Change {
  if (args.content instanceof Secret && !args.content.isOpen)
    return blocked('the script holds a secret whose value is not known here');
  return programDiff(args, WORDS, facts);
}

function run(args: ScriptArgs): Command {
  const body = bodyOf(args.content, args.source) as Body;
  return {
    kind: 'shell',
    script: runBy(args, body).text,
    display: shownName(args),
    stdin: withSecrets(body.stdin, args.environment) ?? body.stdin,
    timeoutMs: milliseconds(args.timeout ?? '30m'),
  };
}

/**
 * Kept in a private directory while it runs, and read by its interpreter: a file system that allows no programs
 * (noexec) does not hinder it. As the kernel does, all that follows the interpreter is one argument.
 */
const INTERPRETER = new Script(
  [
    `IFS= read -r first <"$t" || :`,
    `case $first in '#!'*) first=$(printf '%s' "\${first#??}" | tr '\\t\\r' '  ' | sed 's/^ *//; s/ *$//') ;; *) first=/bin/sh ;; esac`,
    `case $first in *' '*) set -- "\${first%% *}" "$(printf '%s' "\${first#* }" | sed 's/^ *//')" "$t" "$@" ;; *) set -- "$first" "$t" "$@" ;; esac`,
  ].join('\n'),
);

function runBy(args: ScriptArgs, body: Body): Script {
  const { args: words = [], executable } = args;
  return lines(
    sh`set -eu`,
    takeSecrets(args.environment),
    sh`umask_before=$(umask); umask 077`,
    sh`d=$(mktemp -d)`,
    sh`trap 'rm -rf -- "$d"' EXIT`,
    sh`trap 'exit 143' HUP INT TERM`,
    sh`t=$d/${nameOf(args)}`,
    sh`cat >"$t"`,
    checkArrived(body),
    sh`umask "$umask_before"`,
    sh`set -- ${words}`,
    executable === undefined ? INTERPRETER : sh`set -- ${executable} "$t" "$@"`,
    // Apart: no variable of the author's can take the place of one that is needed here, as `d`.
    sh`(`,
    surroundings(args, sh`exec "$@" </dev/null`),
    sh`)`,
  );
}

/** Of the file while it runs: some scripts say it. */
function nameOf({ src = 'script' }: ScriptArgs): string {
  return (
    src
      .replace(/\.hbs$/, '')
      .split('/')
      .at(-1)
      ?.slice(0, 200) || 'script'
  );
}

function shownName({ src = '(script)', args = [] }: ScriptArgs): string {
  return [src, ...args].map(quote).join(' ');
}
