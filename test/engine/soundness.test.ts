import * as assert from 'node:assert/strict';
import { chmodSync, existsSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { test } from 'uvu';
import { isChanging } from '../../src/core/change.ts';
import type { RunEvent } from '../../src/core/event.ts';
import { freeze, memoryVault } from '../../src/core/json.ts';
import type { Plan, PlannedStep } from '../../src/core/plan.ts';
import { type LocalHosts, localHosts, localRun } from '../support/local-run.ts';
import { type Before, type Generated, playbooks, ROOTS } from '../support/playbook-arbitrary.ts';
import { treeText } from '../support/tree.ts';

/** How many playbooks; a campaign sets FANOPS_PLAYBOOKS, others are drawn from another FANOPS_SEED. */
const RUNS = Number(process.env.FANOPS_PLAYBOOKS ?? 500);
const SEED = Number(process.env.FANOPS_SEED ?? 20260129);

const seen = {
  applied: 0,
  rescued: 0,
  ignored: 0,
  refused: 0,
  failed: 0,
  changes: 0,
  unknown: 0,
  none: 0,
  madeOfUnknown: 0,
};

test('what a plan calls unchanged stays so, what it names is done, on generated playbooks', async () => {
  const report = await fc.check(fc.asyncProperty(playbooks, isSound), { numRuns: RUNS, seed: SEED });
  assert.ok(!report.failed, explain(report));
  console.log(`  ${RUNS} playbooks: ${JSON.stringify(seen)}`);
  assert.ok(seen.applied > RUNS / 4, 'too few of the generated playbooks could be carried out');
});

function explain(report: fc.RunDetails<[Generated]>): string {
  const [example] = report.counterexample ?? [];
  const error = report.errorInstance instanceof Error ? report.errorInstance.stack : report.errorInstance;
  return `FANOPS_SEED=${report.seed}, after ${report.numRuns} playbooks and ${report.numShrinks} shrinks:\n${error}\n${JSON.stringify(example)}`;
}

async function isSound(generated: Generated): Promise<void> {
  const hosts = localHosts(generated.hosts);
  try {
    prepare(hosts, generated.before);
    const run = localRun(
      hosts,
      JSON.stringify(generated.plays, (key, value) => (key === 'touches' ? inAllRoots(hosts, value) : value)),
    );
    try {
      const before = trees(hosts);
      const plan = await run.plan();
      assert.equal(text(await run.plan()), text(plan), 'planned twice, and not the same');
      assert.equal(trees(hosts), before, 'the plan changed something');
      const outcome = await run.apply(plan);
      checkAgainstPlan(plan, run.events, outcome === 'done');
      if (outcome === 'done') seen.applied += 1;
      else if (wasRefused(run.events)) {
        seen.refused += 1;
        assert.equal(trees(hosts), before, 'refused, and yet something was changed');
      } else seen.failed += 1;
      assert.notEqual(outcome, 'stale', 'what the plan called unchanged had to be changed');
      assert.notEqual(outcome, 'bug');
      noneDidNotConverge(run.events);
    } finally {
      await run.close();
    }
  } finally {
    hosts.remove();
  }
}

function checkAgainstPlan(plan: Plan, events: readonly RunEvent[], isWhole: boolean): void {
  const ends = new Map(
    events
      .filter((e) => e.type === 'end')
      .filter((e) => !e.handler)
      .map((e) => [`${e.task.id} ${e.host} ${e.item}`, e]),
  );
  const offPlan = firstFailures(events);
  for (const step of plan.plays.flatMap((p) => p.steps).filter((s) => s.handler === undefined)) {
    const end = ends.get(`${step.task.id} ${step.host} ${step.item}`);
    const where = `${step.task.name} on ${step.host} (${step.address})`;
    count(step);
    // A plan tells of the way without failures: behind one that was borne, it does not bind any more.
    if ((offPlan.get(step.host) ?? Number.POSITIVE_INFINITY) <= (end ? events.indexOf(end) : 0)) continue;
    if (end?.outcome === 'changed')
      assert.ok(isChanging(step.change), `${where}: planned ${step.change.action}, and was changed`);
    if (isWhole && end && isNamed(step))
      assert.equal(end.outcome, 'changed', `${where}: planned ${step.change.action}, and was not done`);
    if (step.change.action === 'unknown' && end?.outcome === 'changed') seen.madeOfUnknown += 1;
  }
}

/** Where in the run each host failed for the first time; what one does for all may tell it to all. */
function firstFailures(events: readonly RunEvent[]): Map<string, number> {
  const first = new Map<string, number>();
  events.forEach((event, index) => {
    if (event.type !== 'end' || !event.failure) return;
    if (event.outcome === 'rescued') seen.rescued += 1;
    if (event.outcome === 'ignored') seen.ignored += 1;
    for (const host of ['h1', 'h2', 'h3']) if (!first.has(host)) first.set(host, index);
  });
  return first;
}

/** A step that cannot be carried out, and whose failure nobody ignores or rescues. */
function wasRefused(events: readonly RunEvent[]): boolean {
  return events.some((e) => e.type === 'warning' && e.text.startsWith('nothing was done'));
}

function isNamed(step: PlannedStep): boolean {
  return step.change.action !== 'unknown' && isChanging(step.change);
}

function noneDidNotConverge(events: readonly RunEvent[]): void {
  for (const event of events)
    if (event.type === 'end' && event.failure)
      assert.ok(
        !event.failure.message.startsWith('did not converge'),
        `${event.address}: ${event.failure.message}`,
      );
}

function count(step: PlannedStep): void {
  if (step.change.action === 'unknown') seen.unknown += 1;
  else if (isNamed(step)) seen.changes += 1;
  else seen.none += 1;
}

function prepare(hosts: LocalHosts, before: readonly Before[]): void {
  for (const host of hosts.names)
    for (const { path, kind, content, mode } of before) {
      const full = join(hosts.root(host), path);
      if (!existsSync(dirname(full)) || !lstatSync(dirname(full)).isDirectory() || isThere(full)) continue;
      if (kind === 'dir') mkdirSync(full);
      else if (kind === 'link') symlinkSync('a', full);
      else writeFileSync(full, content);
      if (kind !== 'link') chmodSync(full, kind === 'dir' ? mode | 0o700 : mode);
    }
}

function inAllRoots(hosts: LocalHosts, touches: readonly string[]): string[] {
  return touches.flatMap((path) => hosts.names.map((host) => path.replace(ROOTS, hosts.root(host))));
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

function trees(hosts: LocalHosts): string {
  return hosts.names.map((host) => treeText(join(hosts.dir, host))).join('\n');
}

function text(plan: Plan): string {
  return JSON.stringify(freeze(plan, memoryVault('plan')));
}

test.run();
