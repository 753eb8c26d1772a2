import type { Outcome } from '../core/outcome.ts';
import type { Runbook, Step } from '../core/runbook.ts';
import { runRunbook } from '../engine/runbook.ts';
import { undoRunbook } from '../engine/runbook-undo.ts';
import type { RunSummary } from '../journal/runs.ts';
import { runbookOverview } from '../report/runbook-overview.ts';
import { unseenAmong } from './answers.ts';
import { apply } from './apply.ts';
import { type Args, allOf, isSet } from './args.ts';
import { chooseRunbook } from './choose-runbook.ts';
import { checkConfirmations, wantedTexts } from './confirmations.ts';
import { credentials } from './credentials.ts';
import { openWith } from './open-project.ts';
import { hasTerminal } from './prompt.ts';
import { newRecording } from './recording.ts';
import { confirmBeginning, confirmLost } from './runbook-begin.ts';
import { runbookContext } from './runbook-context.ts';
import { RunbookDesk } from './runbook-desk.ts';
import { tellEnd } from './runbook-end.ts';
import {
  isAboutRunbook,
  loadRunbookProject,
  type RunbookProject,
  refuseOptions,
  withoutLost,
} from './runbook-project.ts';
import { type Range, rangeOf, waysBack } from './runbook-range.ts';
import { runsToTakeBack } from './taken-back.ts';
import { showWarnings } from './warnings.ts';
import { abandonedOutcome, watched } from './watched.ts';
import { compose } from './wiring.ts';

/** `fanops run`: carries out a runbook step by step; a playbook is applied as a whole. */
export async function run(args: Args): Promise<Outcome> {
  if (args.positionals.length === 0) return chooseRunbook();
  if (!isAboutRunbook(args)) {
    refuseOptions(args, 'playbook');
    return apply(args);
  }
  refuseOptions(args, 'runbook');
  const project = await openWith((envelopes) =>
    loadRunbookProject(args, envelopes, isSet(args, 'list-steps')),
  );
  const { runbook } = project;
  if (isSet(args, 'list-steps')) {
    process.stdout.write(runbookOverview(runbook));
    return 'done';
  }
  const range = rangeOf(args, runbook);
  const given = allOf(args, 'confirm');
  const canAsk = hasTerminal() && !isSet(args, 'yes');
  const later = wantedTexts(runbook, leftFor(range, runbook));
  checkConfirmations(wantedTexts(runbook, asked(range)), given, canAsk, later);
  const takenBack = range.undo ? await runsToTakeBack(args, project, range.steps) : undefined;
  return carryOut(args, project, range, given, takenBack);
}

/** The steps whose texts are asked for: going back, those of what takes them back. */
function asked({ undo, steps }: Range): readonly Step[] {
  return undo ? waysBack(steps) : steps;
}

/** The steps behind --until: a text for them is kept for `fanops resume`. */
function leftFor({ undo, until }: Range, { steps }: Runbook): readonly Step[] {
  return undo ? [] : steps.filter(({ number }) => number > until);
}

async function carryOut(
  args: Args,
  project: RunbookProject,
  range: Range,
  given: readonly string[],
  takenBack: readonly RunSummary[] | undefined,
): Promise<Outcome> {
  const { runbook } = project;
  const stopping = new AbortController();
  const inventory = withoutLost(project.inventory, runbook.lost);
  const transport = await credentials(args, project.settings, inventory.hosts);
  const composition = compose(args, { ...project, inventory }, transport, stopping.signal, (masker, runId) =>
    newRecording(
      args,
      { ...project, inventory },
      'run',
      runId,
      masker,
      takenBack?.map(({ id }) => id),
    ),
  );
  const { console } = composition;
  showWarnings(project.warnings, console);
  console.err(`\n${runbookOverview(runbook)}`);
  for (const { id } of takenBack ?? []) console.err(`\ntaking back the run ${id}, with what it found out\n`);
  showWarnings(await unseenAmong(runbook.lost, project, composition.knock), console);
  const lost = await confirmLost(runbook, given);
  if (!lost || !(await confirmBeginning(args, range))) return 'interrupted';
  const desk = await RunbookDesk.open(composition, given, isSet(args, 'step'), range.until);
  const before = takenBack?.flatMap(({ entries }) => entries);
  const context = runbookContext(project, inventory, composition, desk, stopping.signal, before);
  for (const { text, how } of lost) context.emit({ type: 'confirmed', text, how });
  try {
    const work = range.undo ? undoRunbook(context, range.steps) : runRunbook(context, range.from);
    const end = await watched(work, composition, stopping, (text) => desk.print(text));
    if (end === 'abandoned') return abandonedOutcome(composition);
    const journal = composition.recording?.journal;
    const taken = journal?.isBegun ? journal.run : undefined;
    desk.print(tellEnd(args, runbook, end, desk.elapsed(), console.paintErr, taken));
    return end.outcome;
  } finally {
    await desk.close();
    await composition.close();
  }
}
