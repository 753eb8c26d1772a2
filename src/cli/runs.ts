import { Masker } from '../core/masker.ts';
import type { Outcome } from '../core/outcome.ts';
import { isResumable, listRuns } from '../journal/runs.ts';
import { type ListedRun, runListText, type UnreadableRun } from '../report/run-list.ts';
import { timelineText } from '../report/run-timeline.ts';
import { type Args, isSet } from './args.ts';
import { openConsole } from './console.ts';
import { findRun, warnOnce } from './find-run.ts';
import { readSettings } from './settings.ts';
import { takenBackBy } from './taken-back.ts';

/** `fanops runs`: what was done from here, and what can be taken up. */
export async function runs(args: Args): Promise<Outcome> {
  const console = openConsole(new Masker(), args);
  const { runs: folder } = readSettings(args, process.env, process.cwd());
  const unreadable: UnreadableRun[] = [];
  const found = listRuns(folder, (id, why) => {
    unreadable.push({ id, why: why.message });
    warnOnce(id, why);
  });
  const listed = found.map(
    (run): ListedRun => ({
      id: run.id,
      at: run.started.at,
      command: `${run.started.command.name} ${run.started.playbook}`,
      who: run.started.who,
      outcome: run.outcome,
      isResumable: isResumable(run) && !takenBackBy(found, run.id),
    }),
  );
  console.out(
    isSet(args, 'json')
      ? json({ schema: 'fanops/runs/1', runs: listed, unreadable })
      : runListText(listed, unreadable),
  );
  return 'done';
}

/** `fanops runs show`: what happened in one of them. */
export async function showRun(args: Args): Promise<Outcome> {
  const console = openConsole(new Masker(), args);
  const { runs: folder } = readSettings(args, process.env, process.cwd());
  const { id, outcome, entries } = findRun(folder, args.positionals[0] ?? '');
  console.out(
    isSet(args, 'json') ? json({ schema: 'fanops/run/1', id, outcome, entries }) : timelineText(entries),
  );
  return 'done';
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
