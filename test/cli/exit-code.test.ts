import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { exitCode } from '../../src/cli/exit-code.ts';
import { planOutcome } from '../../src/cli/plan-outcome.ts';
import { gravest, type Outcome } from '../../src/core/outcome.ts';
import { change, plan, step } from '../report/samples.ts';

const codes: [Outcome, number][] = [
  ['done', 0],
  ['mistake', 1],
  ['changes-pending', 2],
  ['failed', 3],
  ['unreachable', 4],
  ['guarded', 5],
  ['stopped', 6],
  ['in-doubt', 7],
  ['stale', 8],
  ['leased', 9],
  ['timed-out', 10],
  ['bug', 70],
  ['interrupted', 130],
];
for (const [outcome, code] of codes)
  test(`${outcome} is exit code ${code}`, () => assert.is(exitCode(outcome), code));

const several: [Outcome[], number][] = [
  [[], 0],
  [['done', 'failed'], 3],
  [['failed', 'unreachable'], 4],
  [['unreachable', 'in-doubt', 'bug'], 70],
  [['stopped', 'stale', 'leased', 'guarded'], 5],
  [['timed-out', 'failed'], 10],
  [['done', 'changes-pending'], 2],
];
for (const [outcomes, code] of several)
  test(`of ${outcomes.join(', ') || 'nothing'} the exit code is ${code}`, () =>
    assert.is(exitCode(gravest(outcomes)), code));

const same = plan([step({ host: 'db1', change: change({ action: 'none' }) })]);
const differs = plan([step({ host: 'db1', change: change({ action: 'update' }) })]);
const unknown = plan([step({ host: 'db1', change: change({ action: 'unknown' }) })]);
const blocked = plan([step({ host: 'db1', change: change({ action: 'blocked' }) })]);
const unreachable = { ...differs, unreachable: [{ host: 'db2', reason: 'gone' }] };

const plans: [string, typeof same, boolean, Outcome][] = [
  ['without changes', same, true, 'done'],
  ['with changes', differs, false, 'done'],
  ['with changes, --detailed-exitcode', differs, true, 'changes-pending'],
  ['with unknowns, --detailed-exitcode', unknown, true, 'changes-pending'],
  ['that is blocked', blocked, true, 'failed'],
  ['with a host out of reach', unreachable, true, 'unreachable'],
];
for (const [title, planned, detailed, outcome] of plans)
  test(`a plan ${title} ends as ${outcome}`, () =>
    assert.is(planOutcome(planned, detailed, planned === blocked), outcome));

test.run();
