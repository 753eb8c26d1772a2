import { rmSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Ended, onTerminal } from './on-terminal.ts';
import { runbookFolder } from './program.ts';

/** A runbook beside a person: the whole program on a terminal of its own. */
const RUNBOOK = `runbook: Show
objectives: { rto: 5m }
steps:
  - step: Do
    hosts: db1
    tasks: [{name: Slow, command: {argv: [sh, -c, "sleep 1; echo worked"]}}]
    undo: [{command: {argv: ["true"]}}]
  - step: Wait
    hosts: db1
    tasks: [{file: {path: "{{base}}/x", content: x}}]
    verify: { look: [{stat: {path: "{{base}}/never"}, register: never}], that: never.exists, within: 3s, every: 500ms }
  - step: After
    hosts: db1
    tasks: [{file: {path: "{{base}}/y", content: y}}]
`;

const test = suite<{ folder: string }>('a runbook on a terminal', { folder: '' });

test.before.each((context) => {
  context.folder = runbookFolder('show.yml', RUNBOOK);
});

test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** Runs it and answers each question in turn. */
function typed(folder: string, answers: readonly string[]): Promise<Ended> {
  return onTerminal(folder, 'run show.yml --step', 'Type "yes": ', answers);
}

test('it says where it is, against the objective, what comes next, and what verify sees', async ({
  folder,
}) => {
  const { status, text } = await typed(folder, ['yes', 'yes', 'yes']);
  assert.is(status, 10, text);
  assert.match(text, /step 1 of 3: Do · [\d.]+ s of 5 min 00 s \(RTO\) · next: Wait\n/);
  assert.match(text, /step 2 of 3: Wait · [\d.]+ s of 5 min 00 s \(RTO\) · next: After\n/);
  assert.match(text, /waiting: never\.exists is false, want never\.exists, \d+ of 3 s/);
  assert.match(
    text,
    /STOPPED at step 2: Wait \(timed out\)[\s\S]*done: {7}1\. Do\nin part: {4}2\. Wait\nnot done: {3}3\. After\n/,
  );
  assert.match(text, 'to go back: there is no way: step 2 (Wait) has none (`undo`)');
});

test('--step asks before each step, and what is not answered with yes is not begun', async ({ folder }) => {
  const { status, text } = await typed(folder, ['yes', 'yes', 'no']);
  assert.is(status, 6, text);
  assert.match(text, 'Do step 2 (Wait)? Type "yes": no');
  assert.match(text, /STOPPED at step 2[\s\S]*done: {7}1\. Do\nnot done: {3}2\. Wait, 3\. After\n/);
  assert.match(text, /to go back: fanops run show\.yml --undo 1 --of /);
});

test.run();
