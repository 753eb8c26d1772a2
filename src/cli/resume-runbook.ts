import type { Outcome } from '../core/outcome.ts';
import type { Play } from '../core/task.ts';
import { partOf } from '../engine/part.ts';
import { type RunbookEnd, runRunbook } from '../engine/runbook.ts';
import { onHosts } from '../engine/runbook-checks.ts';
import type { RunbookContext } from '../engine/runbook-context.ts';
import { undoRunbook } from '../engine/runbook-undo.ts';
import type { Treatment } from '../engine/take-up.ts';
import type { RunSummary } from '../journal/runs.ts';
import { soFarText } from '../report/run-so-far.ts';
import { unseenAmong } from './answers.ts';
import { type Args, allOf, isSet } from './args.ts';
import { readTreatments, treatments } from './doubts.ts';
import { openWith } from './open-project.ts';
import { differing } from './read-files.ts';
import { resumedBy } from './recording.ts';
import { composeAgain, refuseChanged } from './resume.ts';
import { runbookContext } from './runbook-context.ts';
import { RunbookDesk } from './runbook-desk.ts';
import { tellEnd } from './runbook-end.ts';
import { loadRunbookProject, withoutLost } from './runbook-project.ts';
import { type Range, rangeOf, untilOf, waysBack } from './runbook-range.ts';
import { showWarnings } from './warnings.ts';
import { abandonedOutcome, watched } from './watched.ts';

/**
 * Takes up a runbook: steps that are done are not done again, the one that had begun goes on where it was, and what
 * was found out on the way is as it was.
 */
export async function resumeRunbook(args: Args, original: Args, run: RunSummary): Promise<Outcome> {
  const project = await openWith((envelopes) => loadRunbookProject(original, envelopes));
  const changed = differing(run.started.sources, project.files.digests());
  if (changed.length > 0 && !isSet(args, 'changed-sources')) return refuseChanged(run, changed);
  const { runbook } = project;
  const inventory = withoutLost(project.inventory, runbook.lost);
  const stopping = new AbortController();
  const composition = await composeAgain(original, { ...project, inventory }, run, stopping.signal);
  const { console } = composition;
  console.err(soFarText(run.id, run.entries));
  showWarnings(await unseenAmong(runbook.lost, project, composition.knock), console);
  const given = [...allOf(original, 'confirm'), ...allOf(args, 'confirm')];
  const desk = await RunbookDesk.open(composition, given, false, untilOf(args, runbook));
  const context = runbookContext(project, inventory, composition, desk, stopping.signal);
  await composition.recording?.journal.record(resumedBy());
  const said = readTreatments(allOf(args, 'treat-as'));
  const treat: Treatment = (doubts) => desk.away(() => treatments(doubts, said, console, run.id));
  try {
    const work = takeUp(context, treat, rangeOf(original, runbook));
    const end = await watched(work, composition, stopping, (text) => desk.print(text));
    if (end === 'abandoned') return abandonedOutcome(composition);
    if (typeof end === 'string') return end;
    desk.print(tellEnd(original, runbook, end, desk.elapsed(), console.paintErr, run.id));
    return end.outcome;
  } finally {
    await desk.close();
    await composition.close();
  }
}

/** What was sent to hosts has its ends found out first; then the runbook goes on. */
async function takeUp(
  context: RunbookContext,
  treat: Treatment,
  { undo, steps, from }: Range,
): Promise<Outcome | RunbookEnd> {
  const { engine, runbook, registers, past } = context;
  const own = undo ? waysBack(steps) : runbook.steps;
  const begun = own.flatMap(({ id, play }): Play[] => {
    const hosts = past.begun.get(id);
    return hosts ? [onHosts(play, hosts)] : [];
  });
  const [first, ...others] = begun;
  if (first) {
    const part = partOf(runbook.file, first, registers);
    const whole = { ...part, playbook: { ...part.playbook, plays: [first, ...others] } };
    const refused = await engine.takeUp(treat, whole);
    if (refused) return refused;
  }
  return undo ? undoRunbook(context, steps) : runRunbook(context, from);
}
