import { mistake } from '../core/diagnostic.ts';
import { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Treatment } from '../engine/take-up.ts';
import { takeUpJournal } from '../journal/directory-journal.ts';
import { isResumable, listRuns, type RunSummary } from '../journal/runs.ts';
import { soFarText } from '../report/run-so-far.ts';
import { statsText } from '../report/stats.ts';
import { type Args, allOf, isSet } from './args.ts';
import { credentials } from './credentials.ts';
import { readTreatments, treatments } from './doubts.ts';
import { findRun, warnOnce } from './find-run.ts';
import { tellHowToGoOn } from './go-on.ts';
import { openProject } from './open-project.ts';
import type { Project } from './project.ts';
import { differing } from './read-files.ts';
import { leaseOptions, resumedBy, writing } from './recording.ts';
import { originalArgs } from './resume-args.ts';
import { isAboutRunbook } from './runbook-project.ts';
import { readSettings, withWholePaths } from './settings.ts';
import { takenBackBy } from './taken-back.ts';
import { abandonedOutcome, watched } from './watched.ts';
import { type Composition, compose } from './wiring.ts';

/** `fanops resume`: goes on with a run that was stopped, failed, or whose controller was killed. */
export async function resume(given: Args): Promise<Outcome> {
  // The run is read where it began; what is given now counts from here.
  const args = withWholePaths(given, process.cwd());
  const said = readTreatments(allOf(args, 'treat-as'));
  const settings = readSettings(args, process.env, process.cwd());
  const run = findRun(settings.runs, args.positionals[0] ?? '');
  if (!isResumable(run))
    throw mistake(`the run ${run.id} ended as ${run.outcome}: there is nothing to go on with`, {
      hint: '`fanops runs` shows what can be taken up',
    });
  const back = takenBackBy(listRuns(settings.runs, warnOnce), run.id);
  if (back)
    throw mistake(`the run ${run.id} was taken back by ${back.id}: what it has done is not there any more`, {
      hint: back.outcome === 'done' ? 'begin a new run' : `go on going back: fanops resume ${back.id}`,
    });
  process.chdir(run.started.command.cwd);
  const original = await originalArgs(run, args);
  if (isAboutRunbook(original))
    return (await import('./resume-runbook.ts')).resumeRunbook(args, original, run);
  const project = await openProject(original);
  const changed = differing(run.started.sources, project.files.digests());
  if (changed.length > 0 && !isSet(args, 'changed-sources')) return refuseChanged(run, changed);
  const stopping = new AbortController();
  const composition = await composeAgain(original, project, run, stopping.signal);
  const { console, engine } = composition;
  const began = performance.now();
  try {
    console.err(soFarText(run.id, run.entries));
    await composition.recording?.journal.record(resumedBy());
    const outcome = await carryOn(composition, stopping, (doubts) =>
      treatments(doubts, said, console, run.id),
    );
    tellHowToGoOn(composition, outcome);
    if (isSet(args, 'stats')) console.err(`\n${statsText(engine.stats(), performance.now() - began)}\n`);
    return outcome;
  } finally {
    await composition.close();
  }
}

export function refuseChanged({ id }: RunSummary, changed: readonly string[]): Outcome {
  const lines = [
    `the run ${id} cannot be taken up with other files than it began with:`,
    ...changed.map((text) => `  ${text}`),
    'Put them back as they were, or begin a new run. To go on with the files as they are now, though tasks may have',
    'moved: --changed-sources',
  ];
  process.stderr.write(`${lines.join('\n')}\n`);
  return 'stale';
}

export async function composeAgain(
  args: Args,
  project: Project,
  run: RunSummary,
  signal: AbortSignal,
): Promise<Composition> {
  let masker = new Masker();
  const journal = await takeUpJournal(
    run.folder,
    writing(() => masker),
  );
  if (!journal)
    throw mistake(`the run ${run.id} is being written by another fanops on this machine`, {
      hint: 'wait for it, or stop it with ^C where it runs',
    });
  const transport = await credentials(args, project.settings, project.inventory.hosts);
  return compose(args, project, transport, signal, (known) => {
    masker = known;
    return { journal, lease: leaseOptions(args, run.started) };
  });
}

async function carryOn(
  composition: Composition,
  stopping: AbortController,
  treat: Treatment,
): Promise<Outcome> {
  const { engine } = composition;
  let reporter = await composition.openReporter();
  // Nobody can be asked while a live display is drawn.
  const treatOpenly: Treatment = async (doubts) => {
    await reporter.close();
    const said = await treat(doubts);
    reporter = await composition.openReporter();
    return said;
  };
  const work = async (): Promise<Outcome> =>
    (await engine.takeUp(treatOpenly)) ?? (await engine.goOn()).outcome;
  try {
    const end = await watched(work(), composition, stopping, (text) => reporter.print(text));
    return end === 'abandoned' ? abandonedOutcome(composition) : end;
  } finally {
    await reporter.close();
  }
}
