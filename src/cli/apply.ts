import type { Outcome } from '../core/outcome.ts';
import { type Plan, summarize } from '../core/plan.ts';
import { blockedSteps, hindering } from '../engine/refusals.ts';
import { isEmpty, planText } from '../report/plan-text.ts';
import { statsText } from '../report/stats.ts';
import { type Args, isSet } from './args.ts';
import { carryOut } from './carry-out.ts';
import { confirm } from './confirm.ts';
import { credentials } from './credentials.ts';
import { tellHowToGoOn } from './go-on.ts';
import { onInterrupt } from './interrupts.ts';
import { listing } from './listing.ts';
import { look } from './look.ts';
import { openProject } from './open-project.ts';
import { plan } from './plan.ts';
import type { Project } from './project.ts';
import { newRecording } from './recording.ts';
import { showWarnings } from './warnings.ts';
import { compose } from './wiring.ts';

/** `fanops apply`: plans, shows the plan, asks, carries it out. All of it is for people, and goes to stderr. */
export async function apply(args: Args): Promise<Outcome> {
  if (isSet(args, 'check')) return plan(args);
  const project = await openProject(args);
  const listed = listing(args, project.playbook);
  if (listed !== undefined) {
    process.stdout.write(listed);
    return 'done';
  }
  const transport = await credentials(args, project.settings, project.inventory.hosts);
  const stopping = new AbortController();
  const composition = compose(args, project, transport, stopping.signal, (masker, runId) =>
    newRecording(args, project, 'apply', runId, masker),
  );
  const { console, engine } = composition;
  showWarnings(project.warnings, console);
  const started = performance.now();
  try {
    const planned = await look(composition);
    if (planned === 'interrupted') return 'interrupted';
    console.err(`\n${planText(planned, { paint: console.paintErr, verbose: isSet(args, 'verbose') })}`);
    if (needsConsent(project, planned) && !isSet(args, 'yes') && !(await consent())) return 'interrupted';
    const outcome = await carryOut(composition, planned, stopping);
    tellHowToGoOn(composition, outcome);
    if (isSet(args, 'stats')) console.err(`\n${statsText(engine.stats(), performance.now() - started)}\n`);
    return outcome;
  } finally {
    await composition.close();
  }
}

/** What the engine will refuse anyway, has nothing to do for, or only looks at, is not asked about. */
function needsConsent({ playbook }: Project, planned: Plan): boolean {
  const looking = playbook.plays.filter(({ onlyLooks }) => onlyLooks).map(({ id }) => id);
  const plays = planned.plays.filter(({ id }) => !looking.includes(id));
  const isRefused =
    hindering(playbook, planned.unreachable).length > 0 || blockedSteps(playbook, planned).length > 0;
  return !isRefused && !isEmpty(summarize({ ...planned, plays }));
}

async function consent(): Promise<boolean> {
  const asking = new AbortController();
  const stop = () => asking.abort();
  const ignore = onInterrupt({ first: stop, second: stop, third: stop });
  try {
    return await confirm(asking.signal);
  } finally {
    ignore();
  }
}
