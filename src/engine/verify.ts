import { type Change, NONE } from '../core/change.ts';
import { NotLooked, viewOf } from './decide.ts';
import type { Decision } from './decision.ts';
import { Outlook } from './outlook.ts';
import type { Run } from './run.ts';

/** A decision with fresh eyes: the same comparison on what is seen now. */
export function freshView(run: Run, decision: Decision): Decision {
  if (!decision.view) return decision;
  const view = viewOf(
    run.ground,
    new Outlook(run.ground.kinds),
    decision.on,
    decision.view.members,
    decision.item?.as,
  );
  return { ...decision, view };
}

/** Notes all facts of a decision as wanted, so that one look serves several. */
export function wantAgain(run: Run, decision: Decision): void {
  for (const need of decision.needs) run.ground.facts.want(need.host, need);
}

/** What still differs after it was done; `none` when it is as declared. Only declared states are compared. */
export async function remaining(run: Run, decision: Decision): Promise<Change> {
  if (decision.change.action === 'run') return NONE;
  const fresh = freshView(run, decision);
  for (;;) {
    try {
      if (!fresh.view) return NONE;
      return fresh.resource.diff(fresh.args as never, fresh.view);
    } catch (error) {
      if (!(error instanceof NotLooked)) throw error;
      if (!(await run.lookAtWanted())) throw error;
    }
  }
}
