import type { Outcome } from '../core/outcome.ts';
import type { BatchListener } from '../core/session.ts';
import type { Doubt } from './past.ts';
import { recordBatchEnd, recording } from './recorded.ts';
import { finish } from './refusals.ts';
import type { Run } from './run.ts';

/** What the operator says of what is in doubt; what is missing stays so. */
export type Treatment = (doubts: readonly Doubt[]) => Promise<ReadonlyMap<Doubt, 'done' | 'again'>>;

/**
 * Finds out how far the run had come: asks the hosts for the ends of what was sent to them, waits for what still runs
 * there, and the operator for what nobody knows. An outcome when the run cannot go on.
 */
export async function takeUp(run: Run, who: string, treat: Treatment): Promise<Outcome | undefined> {
  await Promise.all(run.past.batches.unsettled().map((batch) => settle(run, batch)));
  const lost = run.past.batches.unsettled();
  if (lost.length > 0) return finish(run, 'unreachable');
  const doubts = run.past.doubts();
  const said = doubts.length === 0 ? new Map<Doubt, 'done' | 'again'>() : await treat(doubts);
  for (const [{ id }, as] of said) {
    await run.journal.record({ type: 'treated', id, as, by: who });
    run.past.treat(id, as);
  }
  const open = run.past.doubts();
  if (open.length === 0) return undefined;
  for (const { id, on } of open) {
    run.ended.set(id.host, 'in-doubt');
    run.leases.keep(on);
  }
  return finish(run, 'in-doubt');
}

type Sent = ReturnType<Run['past']['batches']['unsettled']>[number];

async function settle(run: Run, { host, key, commands }: Sent): Promise<void> {
  run.running.set(key, host);
  try {
    const ids = commands.map(({ sensitive }, number) => ({ id: String(number), sensitive }));
    const listener = recording(run, key, ids, telling(run, commands));
    const batch = { key, commands: commands.length };
    const result = await run.contacts.attempt(host, async (session) => session?.attach(batch, listener));
    if (!result) return;
    run.past.batches.settle(key, result);
    await recordBatchEnd(run, key, result);
  } finally {
    run.running.delete(key);
  }
}

/** What still runs is shown as if it were begun now. */
function telling(run: Run, commands: Sent['commands']): BatchListener {
  return {
    started(number) {
      const command = commands[Number(number)];
      if (!command) return;
      const { id, task, label: item, display } = command;
      run.emit({ type: 'begin', host: id.host, task, item, display, handler: false });
    },
  };
}
