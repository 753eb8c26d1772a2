import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { applied, ends, failure, recap, withHosts } from '../support/applied.ts';

const cases: [string, string][] = [
  ['what is known beforehand not to work', 'assert: { that: "1 == 2" }'],
  ['a command that fails', 'command: "false"'],
  ['a command that takes too long', 'command: { argv: [sleep, "30"], timeout: 1s }'],
];
for (const [title, task] of cases)
  test(`ignore_errors is for ${title}`, () =>
    withHosts(1, async (hosts) => {
      const { outcome, events } = await applied(
        hosts,
        `
- hosts: h1
  tasks:
    - { name: bad, ignore_errors: true, ${task} }
    - { name: good, file: { path: "{{ root }}/x", content: x } }
`,
      );
      assert.deepEqual(ends(events), ['h1 bad: ignored', 'h1 good: changed']);
      assert.equal(outcome, 'done');
    }));

test('a loop of which several turns fail and are ignored counts as one task', () =>
  withHosts(1, async (hosts) => {
    const { events } = await applied(
      hosts,
      '[{hosts: h1, tasks: [{name: bad, loop: [a, b, c], ignore_errors: true, command: "false"}]}]',
    );
    assert.equal(recap(events).recap.h1?.ignored, 1);
    assert.equal(recap(events).recap.h1?.ok, 1);
  }));

test('a timeout says how long it was, in words', () =>
  withHosts(1, async (hosts) => {
    const { events, outcome } = await applied(
      hosts,
      '[{hosts: h1, tasks: [{name: slow, command: {argv: [sleep, "30"], timeout: 1s}}]}]',
    );
    assert.equal(outcome, 'timed-out');
    assert.equal(failure(events).message, 'it was ended after 1 s, its timeout');
  }));

test.run();
