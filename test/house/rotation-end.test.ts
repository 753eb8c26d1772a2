// Hosts of one step go on by themselves: what none of them may do before another one is done stands in a later step.
import { readFileSync } from 'node:fs';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

test("no node ends the rotation of the key before the leader's new backup is whole", () => {
  const [, ...steps] = readFileSync('playbooks/rotate-key.yml', 'utf8').split(/^ {2}- step: /m);
  const stepWith = (words: RegExp): number => steps.findIndex((step) => words.test(step));
  const backup = stepWith(/backup-full\.sh", --verify\]/);
  assert.ok(backup >= 0);
  assert.ok(stepWith(/backup-rotate\.sh", finish\]/) > backup);
  assert.is(stepWith(/point_of_no_return: true/), steps.length - 1);
  assert.ok(steps.findLastIndex((step) => step.includes('unfreeze-schedules.yml')) > backup);
});

test.run();
