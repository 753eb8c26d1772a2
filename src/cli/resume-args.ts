import { type Diagnostic, InputError, mistake } from '../core/diagnostic.ts';
import { MASK } from '../core/secret.ts';
import type { RunSummary } from '../journal/runs.ts';
import { type Args, allOf, parseArgs } from './args.ts';

/** Options that say how to resume, not what the run is about. */
const OWN = ['treat-as', 'changed-sources', 'confirm', 'until'];

/** The command line that began the run, with what was given now (how to connect, what to show) over it. */
export async function originalArgs({ started }: RunSummary, args: Args): Promise<Args> {
  const { commandIn } = await import('./commands.ts');
  const { name, argv } = started.command;
  const found = commandIn([name, ...argv]);
  if (!found) throw mistake(`this fanops has no command \`${name}\`, which began the run`);
  const original = parseArgs(found.command.spec, found.rest);
  const now = [...args.given].filter(([option]) => !OWN.includes(option));
  const variables = variablesOf(original, args);
  const before = [...original.given].filter(([option]) => option !== 'until');
  const given = new Map([...before, ...now, ['yes', ['']], ...variables] as [string, string[]][]);
  return { positionals: original.positionals, given };
}

/** Values that were not written down have to be given again; the others may not be changed. */
function variablesOf(original: Args, args: Args): [string, string[]][] {
  const again = new Map(allOf(args, 'extra-vars').map((word) => [nameOf(word), word]));
  const before = allOf(original, 'extra-vars');
  const missing = before.filter((word) => isMasked(word) && !again.has(nameOf(word)));
  const surplus = [...again.keys()].filter(
    (name) => !before.some((word) => isMasked(word) && nameOf(word) === name),
  );
  const mistakes = [
    ...missing.map((word) =>
      error(
        `the value of -e ${nameOf(word)} was not written down`,
        `write -e ${nameOf(word)}=… again, the same`,
      ),
    ),
    ...surplus.map((name) =>
      error(`-e ${name} cannot be given to a run that has begun`, 'begin a new run for that'),
    ),
  ];
  if (mistakes.length > 0) throw new InputError(mistakes);
  const words = before.map((word) => (isMasked(word) ? (again.get(nameOf(word)) ?? word) : word));
  return words.length === 0 ? [] : [['extra-vars', words]];
}

function isMasked(word: string): boolean {
  return word.endsWith(`=${MASK}`);
}

function nameOf(word: string): string {
  return word.split('=', 1)[0] ?? word;
}

function error(message: string, hint: string): Diagnostic {
  return { severity: 'error', message, hint };
}
