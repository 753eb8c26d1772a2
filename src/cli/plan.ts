import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import { blockedSteps } from '../engine/refusals.ts';
import { planJson } from '../report/plan-json.ts';
import { planMarkdown } from '../report/plan-markdown.ts';
import { planText } from '../report/plan-text.ts';
import { statsText } from '../report/stats.ts';
import { type Args, isSet, lastOf } from './args.ts';
import { credentials } from './credentials.ts';
import { listing } from './listing.ts';
import { look } from './look.ts';
import { openProject } from './open-project.ts';
import { planOutcome } from './plan-outcome.ts';
import { isAboutRunbook, refuseOptions } from './runbook-project.ts';
import { showWarnings } from './warnings.ts';
import { type Composition, compose } from './wiring.ts';

/** `fanops plan`: looks, compares, shows. The plan goes to stdout. */
export async function plan(args: Args): Promise<Outcome> {
  if (isAboutRunbook(args)) return (await import('./plan-runbook.ts')).planOfRunbook(args);
  refuseOptions(args, 'playbook');
  const project = await openProject(args);
  const listed = listing(args, project.playbook);
  if (listed !== undefined) {
    process.stdout.write(listed);
    return 'done';
  }
  const transport = await credentials(args, project.settings, project.inventory.hosts);
  const composition = compose(args, project, transport, new AbortController().signal);
  const { console, engine } = composition;
  showWarnings(project.warnings, console);
  const started = performance.now();
  try {
    const planned = await look(composition);
    if (planned === 'interrupted') return 'interrupted';
    console.out(rendered(args, planned, composition));
    if (isSet(args, 'stats')) console.err(`\n${statsText(engine.stats(), performance.now() - started)}\n`);
    const isBlocked = blockedSteps(project.playbook, planned).length > 0;
    return planOutcome(planned, isSet(args, 'detailed-exitcode'), isBlocked);
  } finally {
    await engine.close();
  }
}

function rendered(args: Args, planned: Plan, { console }: Composition): string {
  const format = isSet(args, 'json') ? 'json' : (lastOf(args, 'format') ?? 'text');
  if (format === 'json') return planJson(planned);
  if (format === 'md') return planMarkdown(planned);
  return planText(planned, { paint: console.paintOut, verbose: isSet(args, 'verbose') });
}
