import type { PlannedPlay, PlannedStep } from '../core/plan.ts';
import { type ShownField, shownFields } from './shown-field.ts';

/** The same change on several hosts, shown once. */
export interface StepGroup {
  readonly step: PlannedStep;
  readonly hosts: readonly string[];
  readonly fields: readonly ShownField[];
}

/**
 * The steps of a play in the order of the plan, those that look the same on several hosts joined. A group stands
 * where its first step does; the odd one out gets a group of its own, right after.
 */
export function stepGroups(play: PlannedPlay): StepGroup[] {
  const tasks = Map.groupBy(play.steps, (step) => `${step.task.id}\n${step.item}`);
  return [...tasks.values()].flatMap(alikes);
}

function alikes(steps: readonly PlannedStep[]): StepGroup[] {
  const groups = Map.groupBy(steps, look);
  return [...groups.values()].flatMap((alike) => {
    const step = alike[0];
    if (step === undefined) return [];
    return [{ step, hosts: alike.map((s) => s.host), fields: shownFields(step) }];
  });
}

/** All that is shown of a step but its host. */
function look(step: PlannedStep): string {
  const { change } = step;
  return JSON.stringify([
    step.address,
    step.skipped,
    step.handler,
    step.on === step.host ? '' : step.on,
    change.action,
    change.risk,
    change.reason,
    change.after,
    change.likely,
    shownFields(step),
    step.sensitive ? [] : step.commands,
  ]);
}
