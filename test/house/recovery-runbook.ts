// The recovery runbooks as they stand in playbooks/, judged on three nodes of which it is told what was seen.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { NONE } from '../../src/core/change.ts';
import { InputError } from '../../src/core/diagnostic.ts';
import type { Looked } from '../../src/core/fact.ts';
import type { Checks, Runbook, Step } from '../../src/core/runbook.ts';
import type { Task } from '../../src/core/task.ts';
import { isRecord, Unknown, type Value } from '../../src/core/value.ts';
import { patroniFact } from '../../src/facts/patroni.ts';
import type { PatroniView } from '../../src/facts/patroni-view.ts';
import { loadInventory } from '../../src/language/load-inventory.ts';
import { loadPlaybook } from '../../src/language/load-playbook.ts';
import { loadRunbook } from '../../src/language/load-runbook.ts';
import { patroniFacts } from '../../src/resources/patroni-facts.ts';
import { resources } from '../../src/resources/registry.ts';
import { HEALTHY } from '../resources/patroni-views.ts';
import { ABSENT, facts, value, viewOfMembers } from '../resources/views.ts';

export type Registers = { readonly [name: string]: Value };

export const NODES = ['db1', 'db2', 'db3'] as const;

function sources(name: string) {
  const file = join('playbooks', `${name}.yml`);
  return {
    file,
    text: readFileSync(file, 'utf8'),
    inventory: loadInventory('inventory.yml', '{all: {children: {db: {hosts: {db1: , db2: , db3: }}}}}'),
    resources,
    readFile: (path: string) => readFileSync(join('playbooks', path)),
  };
}

/** The runbook of this name for db1. */
export function runbookOf(name: string, lost: readonly string[] = [], more: Registers = {}): Runbook {
  return loadRunbook({ ...sources(name), extraVars: { target: 'db1', ...more }, lost });
}

export function stepOf({ steps, name }: Runbook, title: string): Step {
  const step = steps.find((one) => one.name === title);
  if (!step) throw new Error(`${name} has no step "${title}"`);
  return step;
}

/** What `advise` of a playbook has to say. */
export function advised(name: string, registers: Registers): string[] {
  const [play] = loadPlaybook({ ...sources(name), extraVars: {} }).plays;
  return objections(play?.tasks.filter(({ resource }) => resource === 'advise') ?? [], registers);
}

/** What is said of the conditions that do not hold, judged on the last host; those that read what is not told here are left out. */
export function broken(checks: Checks | undefined, registers: Registers): string[] {
  if (!checks) throw new Error('there is nothing to judge');
  return objections(checks.conditions.tasks, registers, checks.conditions.batches.flat().at(-1));
}

function objections(tasks: readonly Task[], registers: Registers, host = 'db1'): string[] {
  return tasks.flatMap((task) => {
    try {
      const items = task.render({ host, registers, facts: {} });
      if (items instanceof Unknown) return [];
      return items.flatMap(({ when, args: { that, msg } }) => {
        const isBroken = [that].flat().some((one) => one === false || (isRecord(one) && one.holds === false));
        return when === true && isBroken ? [String(msg).replaceAll(/\s+/g, ' ')] : [];
      });
    } catch (error) {
      if (error instanceof InputError) return [];
      throw error;
    }
  });
}

/** The Patroni of a node that sees this leader, and what is different about it. */
export function patroni(name: string, leader: string, own: Partial<PatroniView> = {}): Looked<PatroniView> {
  const members = HEALTHY.members.map((m) => ({ ...m, role: m.name === leader ? 'leader' : 'replica' }));
  return value({ ...HEALTHY, role: name === leader ? 'leader' : 'replica', members, ...own });
}

/** What patroni_facts registers, of the nodes that are not lost; where nothing is told none runs. */
export function cluster(
  seen: { readonly [node: string]: Looked<PatroniView> },
  nodes: readonly string[] = NODES,
): Value {
  const members = nodes.map((node) => [node, facts([patroniFact(), seen[node] ?? ABSENT])] as const);
  return patroniFacts.registered({ members: 'db' }, NONE, [], viewOfMembers(Object.fromEntries(members)));
}

const seenAs = (leaders: readonly [string, string, string], own = {}): Value =>
  cluster(Object.fromEntries(NODES.map((node, i) => [node, patroni(node, leaders[i] ?? '', own)])));

/** All is well, and db2 leads. */
export const LED = seenAs(['db2', 'db2', 'db2']);
/** db1 leads beside db2. */
export const SPLIT = seenAs(['db1', 'db2', 'db2']);
/** db2 leads, and db3 has not heard of it yet. */
export const LATE = cluster({
  db1: patroni('db1', 'db2'),
  db2: patroni('db2', 'db2'),
  db3: patroni('db3', 'db1'),
});
export const PAUSED = seenAs(['db2', 'db2', 'db2'], { paused: true });
/** No Patroni runs. */
export const DEAD = cluster({});
