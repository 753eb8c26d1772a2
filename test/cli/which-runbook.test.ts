import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { whichRunbook } from '../../src/cli/which-runbook.ts';

const BIN = new URL('../../bin/fanops', import.meta.url).pathname;

const CASES = [
  [false, 'none', false, 'recover-cluster.yml'],
  [true, 'none', true, 'recover-cluster.yml'],
  [true, 'all', true, 'recover-pitr.yml'],
  [false, 'some', true, 'recover-pitr.yml'],
  [true, 'some', false, 'recover-node.yml'],
  [true, 'all', false, 'diagnose.yml'],
  [false, 'some', false, 'diagnose.yml'],
  [false, 'all', false, 'diagnose.yml'],
] as const;

for (const [isServing, withData, isMistake, runbook] of CASES)
  test(`serving ${isServing}, ${withData} with data, by mistake ${isMistake}: ${runbook}`, () => {
    assert.is(whichRunbook({ isServing, withData, isMistake }).runbook, runbook);
  });

test('every runbook that is named is there', () => {
  for (const [, , , runbook] of CASES) assert.ok(existsSync(`playbooks/${runbook}`), runbook);
});

test('without a terminal the runbooks are named, and nothing is asked', () => {
  const { status, stderr } = spawnSync(BIN, ['run'], { cwd: '/', input: '', encoding: 'utf8' });
  assert.is(status, 1);
  for (const [runbook] of stderr.matchAll(/[a-z0-9-]+\.yml/g))
    assert.ok(existsSync(`playbooks/${runbook}`), runbook);
  const recoveries = globSync('{recover-*,rejoin-node}.yml', { cwd: 'playbooks' });
  for (const runbook of [...recoveries, ...CASES.map(([, , , named]) => named)])
    assert.match(stderr, runbook);
});

test.run();
