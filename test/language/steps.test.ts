import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { Runbook } from '../../src/core/runbook.ts';
import type { Value } from '../../src/core/value.ts';
import { loadRunbook } from '../../src/language/load-runbook.ts';
import { args, inventory, RESOURCES } from './load.ts';

const TASKS = '- command: echo {{item}} {{size}}\n';

function runbook(text: string, params: { [name: string]: Value } = {}, partial = false): Runbook {
  const files: { [path: string]: string } = {
    'tasks.yml': TASKS,
    'one.yml': 'size: 1\n',
    'two.yml': 'size: 2\n',
  };
  return loadRunbook({
    file: 'play.yml',
    text,
    inventory: inventory(),
    resources: RESOURCES,
    extraVars: params,
    partial,
    readFile: (path) => files[path] ?? '',
  });
}

function commands({ steps }: Runbook): unknown[] {
  return steps.map(({ play }) => play.tasks.map((task) => args(task).cmd));
}

test('the environment of a runbook, a step and what takes it back hold together, name by name', () => {
  const { steps, invariants } = runbook(`runbook: x
environment: { A: runbook, B: runbook, C: runbook }
invariants:
  - look: [{command: id, changed_when: false, register: id}]
    environment: { C: invariant }
    that: id.status == 0
steps:
  - step: one
    hosts: db1
    environment: { B: step }
    look: [{command: look, changed_when: false, register: seen}]
    tasks: [{command: {cmd: do, environment: {C: task}}}]
    undo:
      environment: { A: undo }
      tasks: [{command: undo}]
`);
  const [step] = steps;
  const of = (play: Runbook['steps'][number]['look']) => play?.tasks.map((task) => args(task).environment);
  assert.equal(of(step?.look), [{ A: 'runbook', B: 'step', C: 'runbook' }]);
  assert.equal(of(step?.play), [{ A: 'runbook', B: 'step', C: 'task' }]);
  assert.equal(of(step?.undo?.play), [{ A: 'undo', B: 'step', C: 'runbook' }]);
  assert.equal(of(invariants[0]?.look), [{ A: 'runbook', B: 'runbook', C: 'invariant' }]);
});

const FILES = `runbook: x
vars_files: [one.yml]
params:
  hosts: { default: 3 }
vars: { size: 0 }
steps:
  - step: outer
    hosts: db1
    tasks: [{include_tasks: tasks.yml, loop: "{{groups.db}}"}]
  - step: inner
    hosts: db1
    vars_files: [two.yml]
    tasks: [{include_tasks: tasks.yml, loop: [a]}]
`;

test('files of variables hide what stands beside them, those of a step those of the runbook; includes loop', () => {
  assert.equal(commands(runbook(FILES)), [['echo db1 1', 'echo db2 1'], ['echo a 2']]);
});

test('a loop at an include takes a parameter, which need not be known while a runbook is only validated', () => {
  const text = `runbook: x
params: { names: {} }
vars: { size: 1, list: ["{{names}}", b] }
steps:
  - { step: one, hosts: db1, tasks: [{include_tasks: tasks.yml, loop: "{{list}}"}] }
`;
  assert.equal(commands(runbook(text, { names: 'a' })), [['echo a 1', 'echo b 1']]);
  assert.equal(commands(runbook(text, {}, true)), [[]]);
});

test.run();
