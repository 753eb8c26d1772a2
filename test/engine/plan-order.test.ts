import * as assert from 'node:assert/strict';
import fc from 'fast-check';
import { test } from 'uvu';
import { freeze, memoryVault } from '../../src/core/json.ts';
import { type LocalHosts, localHosts, localRun } from '../support/local-run.ts';
import { type Generated, playbooks } from '../support/playbook-arbitrary.ts';

/** These say on purpose that the order of hosts counts; `touches` needs folders that are not there. */
const ABOUT_ORDER = ['serial', 'run_once', 'touches'];

test('neither the order of hosts nor that of keys has an influence on a plan', async () => {
  await fc.assert(fc.asyncProperty(playbooks, isTheSameReversed), { numRuns: 10, seed: 20 });
});

async function isTheSameReversed({ hosts: count, plays }: Generated): Promise<void> {
  const hosts = localHosts(count);
  const written = JSON.parse(
    JSON.stringify(plays, (key, value) => (ABOUT_ORDER.includes(key) ? undefined : value)),
  );
  try {
    const plan = await stepsOf(hosts, written);
    assert.deepEqual(await stepsOf({ ...hosts, names: hosts.names.toReversed() }, written), plan);
    assert.deepEqual(await stepsOf(hosts, reversed(written)), plan);
  } finally {
    hosts.remove();
  }
}

/** What is planned for each host, without the places in the file. */
async function stepsOf(hosts: LocalHosts, plays: unknown): Promise<string[]> {
  const run = localRun(hosts, JSON.stringify(plays));
  try {
    const { plays: planned } = await run.plan();
    return planned
      .flatMap(({ steps }) => steps)
      .map(({ task, host, item, address, change }) =>
        JSON.stringify(freeze([host, task.id, task.name, item, address, change], memoryVault('plan'))),
      )
      .toSorted();
  } finally {
    await run.close();
  }
}

/** Every mapping with its keys the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, part]) => [key, reversed(part)]),
  );
}

test.run();
