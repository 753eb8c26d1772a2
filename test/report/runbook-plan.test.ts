import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { runbookPaper } from '../../src/report/runbook-paper.ts';
import { runbookPlanText } from '../../src/report/runbook-plan-text.ts';
import { withHosts } from '../support/applied.ts';
import { localRunbook } from '../support/local-runbook.ts';

const TEXT = `runbook: ways back
steps:
  - step: look
    hosts: db
    guard: [{that: "1 == 1", msg: no}]
  - step: ask
    hosts: db
    tasks: [{command: {argv: [echo, x]}, register: said}]
    verify: {that: said.stdout == 'x', within: 5s}
    undo: []
  - step: read
    hosts: db
    tasks: [{command: {argv: [echo, y]}}]
    undo: [{command: {argv: [echo, "back {{said.stdout}}"]}}]
  - step: gone
    hosts: db
    point_of_no_return: true
    tasks: [{command: {argv: [echo, z]}}]
`;

test('a plan says once what is waited for, and of every step how to go back, or that nothing is to be done', () =>
  withHosts(2, async (hosts) => {
    const run = localRunbook(hosts, TEXT);
    const plan = await run.plan();
    await run.close();
    const text = runbookPlanText(plan);
    assert.deepEqual(text.match(/then, within.*/g), ["then, within 5.0 s: said.stdout == 'x'"]);
    assert.deepEqual(text.match(/to go back:.*/g), [
      'to go back: nothing to take back',
      'to go back:',
      'to go back: there is no way',
    ]);
    assert.match(text, /to go back:\n[\s\S]*known after step 2: command[\s\S]*──── POINT OF NO RETURN/);
    const paper = runbookPaper(plan);
    assert.equal(paper.match(/within 5\.0 s/g)?.length, 1);
    assert.match(paper, /### To go back\n\n- Nothing to take back\.[\s\S]*- There is no way back\./);
    assert.match(paper, /\*\*POINT OF NO RETURN[^\n]*\n\n## 4\. gone/);
  }));

test.run();
