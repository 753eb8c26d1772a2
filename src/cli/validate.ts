import { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import { counted } from '../report/text.ts';
import type { Args } from './args.ts';
import { openConsole } from './console.ts';
import { listing } from './listing.ts';
import { loadProject } from './project.ts';
import { isAboutRunbook, loadRunbookProject, refuseOptions } from './runbook-project.ts';
import { showWarnings } from './warnings.ts';

/** `fanops validate`: loads everything; mistakes are thrown and shown by `main`. */
export async function validate(args: Args): Promise<Outcome> {
  if (isAboutRunbook(args)) return validateRunbook(args);
  const { playbook, inventory, warnings } = loadProject(args);
  const console = openConsole(new Masker(), args);
  showWarnings(warnings, console);
  const tasks = playbook.plays.flatMap((play) => [...play.tasks, ...play.handlers]).length;
  const found = [
    counted(playbook.plays.length, 'play'),
    counted(tasks, 'task'),
    counted(inventory.hosts.length, 'host'),
  ];
  console.out(listing(args, playbook) ?? `${playbook.file} is valid: ${found.join(', ')}\n`);
  return 'done';
}

/** Without its parameters, too: what depends on them is checked as far as it can be. */
async function validateRunbook(args: Args): Promise<Outcome> {
  refuseOptions(args, 'runbook');
  const { runbook, inventory, warnings } = loadRunbookProject(args, undefined, true);
  const console = openConsole(new Masker(), args);
  showWarnings(warnings, console);
  const found = [
    counted(runbook.steps.length, 'step'),
    counted(runbook.params.length, 'parameter'),
    counted(inventory.hosts.length, 'host'),
  ];
  console.out(`${runbook.file} is valid: ${found.join(', ')}\n`);
  return 'done';
}
