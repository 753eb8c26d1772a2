import type { Change } from '../../src/core/change.ts';
import type { Plan, PlannedPlay, PlannedStep, TaskRef } from '../../src/core/plan.ts';

/** Plans, steps and tasks by hand, for golden texts. */
export function task(number: number, name: string, resource = 'file'): TaskRef {
  return { id: `p1.t${number}`, number, name, resource, file: 'site.yml', line: number * 10 };
}

export function change(given: Partial<Change> & Pick<Change, 'action'>): Change {
  return { risk: 'changes', fields: [], ...given };
}

export function step(given: Partial<PlannedStep> & Pick<PlannedStep, 'change' | 'host'>): PlannedStep {
  return {
    task: task(1, 'A file'),
    on: given.host,
    item: '',
    address: 'file /etc/x',
    commands: [],
    sensitive: false,
    ...given,
  };
}

export function plan(steps: readonly PlannedStep[], more: Partial<Plan> = {}): Plan {
  const hosts = [...new Set(steps.map((s) => s.host))];
  const play: PlannedPlay = { id: 'p1', name: 'cluster', hosts, steps };
  return {
    schema: 'fanops/plan/1',
    playbook: 'site.yml',
    plays: [play],
    unreachable: [],
    warnings: [],
    ...more,
  };
}
