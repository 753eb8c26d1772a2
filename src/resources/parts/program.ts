import { blocked, type Change, NONE } from '../../core/change.ts';
import type { FactRequest, FactView } from '../../core/fact.ts';
import type { JsonSchema } from '../../core/resource.ts';
import { Secret } from '../../core/secret.ts';
import { lines, quote, type Script, sh } from '../../core/shell.ts';
import { secretIn, type Value } from '../../core/value.ts';
import { placeFact } from '../../facts/place.ts';
import { probeFact } from '../../facts/probe.ts';
import {
  ENVIRONMENT,
  type Environment,
  exported,
  secretsOf,
  secretsProblem,
  takeSecrets,
} from './environment.ts';
import { absolutePath, duration } from './schema.ts';
import { splitWords } from './words.ts';

/** A program and its arguments: one line, or word by word. */
export type Line = string | readonly string[];

/** What `command`, `shell` and `script` have in common: where, with what, and when not. */
export type ProgramArgs = {
  readonly chdir?: string;
  readonly creates?: string;
  readonly removes?: string;
  readonly unless?: Line;
  readonly only_if?: Line;
  readonly environment?: Environment;
  readonly timeout?: string | number;
};

/** Arguments that must be known to decide whether it runs. */
export const PROGRAM_IDENTITY = ['creates', 'removes', 'unless', 'only_if', 'chdir', 'environment'] as const;

const LINE = {
  anyOf: [
    { type: 'string', minLength: 1 },
    { type: 'array', items: { type: 'string' }, minItems: 1 },
  ],
};
const PROMISE = 'Plans run it, too, so it must only read. A list is a program and its arguments; a text is';

/** @param reading how a text is read: "split into words", "a line of shell" */
export function programProperties(reading: string): { readonly [name: string]: JsonSchema } {
  return {
    chdir: absolutePath('The directory to run it in.'),
    creates: absolutePath('Not run when this path exists.'),
    removes: absolutePath('Not run when this path does not exist.'),
    unless: { ...LINE, description: `Not run when this command succeeds. ${PROMISE} ${reading}.` },
    only_if: { ...LINE, description: `Run only when this command succeeds. ${PROMISE} ${reading}.` },
    environment: ENVIRONMENT,
    timeout: duration('It is ended after this time; 30m when absent.'),
  };
}

/** How a resource reads a text that is a command. */
export interface Reading {
  read(line: Line): Script;
}

/** Split into words, without a shell. `exec` keeps words such as `if` and `A=B` from being syntax. */
export const WORDS: Reading = {
  read: (line) => sh`exec ${typeof line === 'string' ? splitWords(line) : line}`,
};

export function programNeeds(args: ProgramArgs, reading: Reading): FactRequest[] {
  const paths = [args.creates, args.removes].filter((path) => path !== undefined);
  return [...paths.map((path) => placeFact(path)), ...probesOf(args, reading).map(({ request }) => request)];
}

/**
 * Whether it runs: a plan that cannot tell says so.
 * @param line what is run, where the reading has to be checked, too
 */
export function programDiff(args: ProgramArgs, reading: Reading, facts: FactView, line?: Line): Change {
  const own = line === undefined ? undefined : lineProblem(line, reading.read);
  const problem = programProblem(args) ?? own ?? guardProblem(args, reading);
  if (problem) return blocked(problem);
  return notRun(args, reading, facts) ?? { action: 'run', risk: 'changes', fields: [] };
}

function guardProblem(args: ProgramArgs, { read }: Reading): string | undefined {
  const [secret] = secretsOf(args.environment);
  for (const argument of ['unless', 'only_if'] as const) {
    const line = args[argument];
    // Probes are asked by argument, many in one look: nothing secret may be among them.
    if (line !== undefined && secret)
      return `\`${argument}\` cannot be asked with the secret variable ${secret[0]} in its environment: use \`creates\`, \`removes\` or \`when\``;
    const problem = line === undefined ? undefined : lineProblem(line, read);
    if (problem) return `\`${argument}\`: ${problem}`;
  }
  return undefined;
}

/** Why it does not run, or not surely; undefined where it runs. */
function notRun(args: ProgramArgs, reading: Reading, facts: FactView): Change | undefined {
  for (const argument of ['creates', 'removes'] as const) {
    const path = args[argument];
    if (path === undefined) continue;
    const looked = facts.get(placeFact(path));
    if (looked.state === 'unreadable') return blocked(`could not look at ${path}: ${looked.reason}`);
    if ((looked.state === 'value') === (argument === 'creates')) return NONE;
  }
  let unasked: string | undefined;
  for (const { argument, request, line } of probesOf(args, reading)) {
    const looked = facts.get(request);
    if (looked.state !== 'value') {
      const reason = looked.state === 'unreadable' ? looked.reason : 'no answer';
      return blocked(`\`${argument}\` gave no answer: ${shown(line)}: ${reason}`);
    }
    if (looked.value.holds === null) unasked ??= argument;
    else if (looked.value.holds === (argument === 'unless')) return NONE;
  }
  if (unasked === undefined) return undefined;
  const reason = `whether \`${unasked}\` holds was not asked (--no-user-probes)`;
  return { action: 'unknown', risk: 'changes', fields: [], reason, after: 'its probe', likely: 'run' };
}

/** What may be wrong with arguments that a schema cannot see. */
function programProblem(args: ProgramArgs): string | undefined {
  const { stdin: _, content: __, source: ___, ...others } = args as { readonly [argument: string]: Value };
  const plain = Object.entries(args.environment ?? {}).filter(([, value]) => !(value instanceof Secret));
  const seen = { ...others, environment: Object.fromEntries(plain) };
  if (secretIn(seen))
    return 'a secret cannot be an argument, where others see it: use stdin or the environment';
  const unsent = secretsProblem(args.environment, LONGEST);
  if (unsent) return unsent;
  const long = textsIn(seen).find((text) => Buffer.byteLength(text) > LONGEST);
  if (long !== undefined)
    return `an argument begins with "${long.slice(0, 20)}" and is ${Buffer.byteLength(long)} bytes long; the system takes ${LONGEST}: use stdin or a file`;
  return textsIn(seen).some((text) => text.includes('\0'))
    ? 'an argument holds a NUL byte, which no program can be given: use stdin or a file'
    : undefined;
}

/** A program of a host: its secret variables are at the head of what it reads. */
export function program(args: ProgramArgs, then: Script): Script {
  return lines(takeSecrets(args.environment), surroundings(args, then));
}

/** Where it runs, and with which variables; secret ones have been taken before. */
export function surroundings({ chdir, environment }: ProgramArgs, then: Script): Script {
  return lines(chdir === undefined ? undefined : sh`cd -- ${chdir} || exit`, ...exported(environment), then);
}

/** The kernel's limit for one argument, less what quoting may add. Bytes. */
const LONGEST = 64 * 1024;

function probesOf(args: ProgramArgs, { read }: Reading) {
  if (secretsOf(args.environment).length > 0) return [];
  return (['unless', 'only_if'] as const).flatMap((argument) => {
    const line = args[argument];
    if (line === undefined || lineProblem(line, read)) return [];
    return [{ argument, line, request: probeFact(surroundings(args, read(line)).text) }];
  });
}

/** Why a command cannot be read; undefined where it can. */
function lineProblem(line: Line, read: Reading['read']): string | undefined {
  try {
    read(line);
    if (typeof line !== 'string')
      return line[0] === '' ? 'expected a program to run, found nothing' : undefined;
    return line.trim() === '' ? 'expected a program to run, found nothing' : undefined;
  } catch (error) {
    return `cannot split "${line}" into words: ${(error as Error).message}`;
  }
}

function shown(line: Line): string {
  return typeof line === 'string' ? line : line.map(quote).join(' ');
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return value !== null && typeof value === 'object' ? Object.values(value).flatMap(textsIn) : [];
}
