import { type Diagnostic, InputError, mistake } from '../core/diagnostic.ts';
import { hasNoReturn, type Runbook, type Step } from '../core/runbook.ts';
import { runbookPast } from '../engine/runbook-record.ts';
import { listRuns, type RunSummary } from '../journal/runs.ts';
import { type Args, allOf, parseArgs } from './args.ts';
import { findRun } from './find-run.ts';
import type { RunbookProject } from './runbook-project.ts';
import { withoutSecret } from './without-secret.ts';

/**
 * The runs that going back takes back, in the order in which what they found out counts: those that --of names, else
 * the last one of the same runbook with the same parameters that did something. Throws an InputError where what is needed is not known, or
 * where there is no going back any more.
 */
export async function runsToTakeBack(
  args: Args,
  { runbook, settings }: RunbookProject,
  steps: readonly Step[],
): Promise<readonly RunSummary[]> {
  const named = allOf(args, 'of').map((word) => findRun(settings.runs, word));
  const aim = aimOf(args);
  for (const run of named) {
    if (run.started.playbook !== runbook.file || run.started.takesBack)
      throw mistake(`--of ${run.id}: that run did not carry out ${runbook.file}`, {
        hint: '`fanops runs` lists what was done',
      });
    if ((await aimOfRun(run)) !== aim)
      throw mistake(`--of ${run.id}: that run was about something else: ${await aimOfRun(run)}`, {
        hint: 'give the same parameters (-e) and --lost as it had',
      });
  }
  const alike = await runsAlike(settings.runs, runbook, aim);
  const runs = named.length > 0 ? named : lastThatActed(alike);
  refuseClosed(runbook, sinceThen(alike, runs));
  refuseUnknown(steps, runs);
  return runs;
}

/** Of some runs the one that has taken back another one, once it has begun to. */
export function takenBackBy(runs: readonly RunSummary[], id: string): RunSummary | undefined {
  return runs.findLast(
    ({ started, entries }) =>
      started.takesBack?.includes(id) && entries.some(({ type }) => type === 'step-begun'),
  );
}

/** The runs of a runbook that had the same aim, without those that went back; the last comes last. A journal that cannot be read may be one of them. */
async function runsAlike(folder: string, { file }: Runbook, aim: string): Promise<readonly RunSummary[]> {
  const alike: RunSummary[] = [];
  for (const run of listRuns(folder)) {
    const { command, playbook, takesBack } = run.started;
    if (command.name === 'run' && playbook === file && !takesBack && (await aimOfRun(run)) === aim)
      alike.push(run);
  }
  return alike;
}

/**
 * One that was refused before it sent anything to a host has nothing to take back; the last one where all are like that. One that was taken
 * back in part is still the one: never an older one, whose registers tell of another day.
 */
function lastThatActed(alike: readonly RunSummary[]): readonly RunSummary[] {
  const acted = alike.findLast(({ entries }) => entries.some(({ type }) => type === 'batch-sent'));
  return acted ? [acted] : alike.slice(-1);
}

/** What was begun again since, with `--from`, stands on what is taken back. */
function sinceThen(alike: readonly RunSummary[], runs: readonly RunSummary[]): readonly RunSummary[] {
  const first = alike.findIndex(({ id }) => runs.some((run) => run.id === id));
  return first < 0 ? runs : alike.slice(first);
}

/** Behind a point of no return that nothing takes back, going back would leave the hosts half-way. */
function refuseClosed({ steps }: Runbook, runs: readonly RunSummary[]): void {
  for (const { id, entries } of runs) {
    const begun = new Set(entries.flatMap((entry) => (entry.type === 'step-begun' ? [entry.step] : [])));
    const closed = steps.find((step) => hasNoReturn(step) && begun.has(step.id));
    if (closed)
      throw mistake(
        `--undo: the point of no return is behind: the run ${id} has begun step ${closed.number} (${closed.name})`,
        { hint: `there is no going back from it, only on: fanops resume ${id}` },
      );
  }
}

/** What a run is about: parameters and lost hosts, in any order, without what is secret. */
function aimOf(args: Args): string {
  const variables = allOf(args, 'extra-vars').map((word) => `-e ${withoutSecret(word)}`);
  const lost = allOf(args, 'lost').map((host) => `--lost ${host}`);
  return [...variables.sort(), ...lost.sort()].join(' ') || 'no parameters';
}

async function aimOfRun({ started }: RunSummary): Promise<string> {
  const { commandIn } = await import('./commands.ts');
  const { name, argv } = started.command;
  const found = commandIn([name, ...argv]);
  return found ? aimOf(parseArgs(found.command.spec, found.rest)) : '';
}

/** Says before anything is done what going back reads and nobody has found out. */
function refuseUnknown(steps: readonly Step[], runs: readonly RunSummary[]): void {
  const { registers } = runbookPast({ past: runs.flatMap(({ entries }) => entries) });
  const known = new Set(registers.hosts().flatMap((host) => Object.keys(registers.of(host))));
  const mistakes = steps.flatMap(({ number, name, undo }) =>
    (undo?.reads ?? [])
      .filter((register) => !known.has(register) && !undo?.registers.includes(register))
      .map(
        (register): Diagnostic => ({
          severity: 'error',
          message: `--undo: taking back step ${number} (${name}) reads \`${register}\`, which ${whose(runs)} found out`,
          hint: 'name the run that did with --of RUN (`fanops runs`), or go back from an earlier step',
        }),
      ),
  );
  if (mistakes.length > 0) throw new InputError(mistakes);
}

function whose(runs: readonly RunSummary[]): string {
  return runs.length === 0 ? 'no run of it has' : `the run ${runs.map(({ id }) => id).join(', ')} has not`;
}
