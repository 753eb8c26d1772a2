import type { StepOutcome } from '../core/event.ts';
import type { Outcome } from '../core/outcome.ts';
import type { Plan } from '../core/plan.ts';
import { tellAdvice } from './item-outcome.ts';
import type { Run } from './run.ts';

/** Tells the end of a run in which nothing had to be done: the plan itself is the proof. */
export function settledRecap(run: Run, planned: Plan): Outcome {
  for (const play of planned.plays) {
    run.emit({ type: 'play', name: play.name, hosts: play.hosts });
    for (const host of play.hosts) run.recaps.see(host);
    const tasks = Map.groupBy(
      play.steps.filter(({ rescue }) => rescue === undefined),
      (step) => `${step.host} ${step.task.id}`,
    );
    for (const { host, change } of play.steps) tellAdvice(run, host, change);
    for (const steps of tasks.values()) {
      const outcomes = steps.map((step): StepOutcome => (step.skipped === undefined ? 'ok' : 'skipped'));
      run.recaps.count(steps[0]?.host ?? '', outcomes);
    }
  }
  run.emit({ type: 'finished', outcome: 'done', recap: run.recaps.toRecord(), pendingHandlers: {} });
  return 'done';
}
