import { gravest, type Outcome } from '../core/outcome.ts';
import type { RunbookPlan } from '../core/runbook-plan.ts';
import { hasWork, planRunbook } from '../engine/runbook-plan.ts';
import { runbookPaper } from '../report/runbook-paper.ts';
import { runbookPlanText } from '../report/runbook-plan-text.ts';
import { statsText } from '../report/stats.ts';
import { type Args, isSet, lastOf } from './args.ts';
import { credentials } from './credentials.ts';
import { openWith } from './open-project.ts';
import { runbookContext } from './runbook-context.ts';
import { RunbookDesk } from './runbook-desk.ts';
import { loadRunbookProject, refuseOptions, withoutLost } from './runbook-project.ts';
import { showWarnings } from './warnings.ts';
import { watched } from './watched.ts';
import { compose } from './wiring.ts';

/** `fanops plan RUNBOOK`: every step as it would run now. The plan goes to stdout. */
export async function planOfRunbook(args: Args): Promise<Outcome> {
  refuseOptions(args, 'runbook');
  const project = await openWith((envelopes) => loadRunbookProject(args, envelopes));
  const { runbook } = project;
  const stopping = new AbortController();
  const inventory = withoutLost(project.inventory, runbook.lost);
  const transport = await credentials(args, project.settings, inventory.hosts);
  const composition = compose(args, { ...project, inventory }, transport, stopping.signal);
  const { console, engine } = composition;
  showWarnings(project.warnings, console);
  const started = performance.now();
  const desk = await RunbookDesk.open(composition, [], false);
  try {
    const context = runbookContext(project, inventory, composition, desk, stopping.signal);
    const planned = await watched(planRunbook(context), composition, stopping, () => {});
    await desk.close();
    if (planned === 'abandoned' || stopping.signal.aborted) return 'interrupted';
    console.out(rendered(args, planned, console.paintOut));
    if (isSet(args, 'stats')) console.err(`\n${statsText(engine.stats(), performance.now() - started)}\n`);
    return outcomeOf(planned, isSet(args, 'detailed-exitcode'));
  } finally {
    await engine.close();
  }
}

function rendered(args: Args, planned: RunbookPlan, paint: Parameters<typeof runbookPlanText>[1]): string {
  const format = isSet(args, 'json') ? 'json' : (lastOf(args, 'format') ?? 'text');
  if (format === 'json') return `${JSON.stringify(planned, null, 2)}\n`;
  return format === 'md' ? runbookPaper(planned) : runbookPlanText(planned, paint);
}

/** What would stop it before anything is changed is its outcome; what may be mended by then is not. */
function outcomeOf({ invariants, steps, unreachable }: RunbookPlan, detailed: boolean): Outcome {
  const first = steps.findIndex(hasWork);
  const now = steps
    .slice(0, first < 0 ? steps.length : first + 1)
    .filter(({ skipped }) => skipped === undefined);
  const judged = [...invariants, ...now.flatMap(({ guards }) => guards)];
  const blocked = now.some(({ play }) => play.steps.some(({ change }) => change.action === 'blocked'));
  return gravest([
    ...(unreachable.length > 0 ? (['unreachable'] as const) : []),
    ...(judged.some(({ state }) => state === 'broken') ? (['guarded'] as const) : []),
    ...(blocked || judged.some(({ state }) => state === 'unseen') ? (['failed'] as const) : []),
    ...(detailed && first >= 0 ? (['changes-pending'] as const) : []),
  ]);
}
