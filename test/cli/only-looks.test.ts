import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fanopsIn, runbookFolder } from './program.ts';

const RUNBOOK = `runbook: Look, then note
steps:
  - step: Look
    hosts: db1
    look:
      - command: { argv: [cat, "{{base}}/state"] }
        changed_when: false
        register: state
    guard:
      - that: state.stdout == 'before'
        msg: begin anew
    tasks:
      - advise: { that: "false", msg: have a look }
  - step: Note it
    hosts: db1
    tasks:
      - file: { path: "{{base}}/note", content: "{{state.stdout}}" }
    undo:
      - file: { path: "{{base}}/note", state: absent }
`;

const LOOKING = `- hosts: db1
  only_looks: true
  tasks:
    - shell: 'cat {{base}}/state; echo x >>{{base}}/looked'
      changed_when: false
`;

/** What only looks needs no consent, also where there is no terminal to ask on. */
const test = suite<{ folder: string }>('what only looks', { folder: '' });

test.before.each((context) => {
  context.folder = runbookFolder('look.yml', RUNBOOK);
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true }));

test('a playbook that says that it only looks runs without --yes', ({ folder }) => {
  writeFileSync(join(folder, 'site.yml'), LOOKING);
  for (const command of ['apply', 'run']) {
    const ran = fanopsIn(folder, command, 'site.yml');
    assert.is(ran.status, 0, ran.stderr);
    assert.ok(existsSync(join(folder, 'looked')));
    rmSync(join(folder, 'looked'));
  }
});

test('another play beside it has to be confirmed', ({ folder }) => {
  writeFileSync(
    join(folder, 'site.yml'),
    `${LOOKING}- hosts: db1\n  tasks:\n    - command: { argv: [uptime] }\n`,
  );
  const refused = fanopsIn(folder, 'run', 'site.yml');
  assert.is(refused.status, 1);
  assert.match(refused.stderr, 'changes must be confirmed');
  assert.not(existsSync(join(folder, 'looked')));
});

test('a program that only looks, in a play that does not say so, has to be confirmed', ({ folder }) => {
  writeFileSync(join(folder, 'site.yml'), LOOKING.replace('  only_looks: true\n', ''));
  assert.is(fanopsIn(folder, 'apply', 'site.yml').status, 1);
  assert.not(existsSync(join(folder, 'looked')));
});

test('the steps of a runbook that only look are done without --yes, others are not', ({ folder }) => {
  const refused = fanopsIn(folder, 'run', 'look.yml');
  assert.is(refused.status, 1, refused.stderr);
  assert.match(refused.stderr, 'the beginning must be confirmed');
  const looked = fanopsIn(folder, 'run', 'look.yml', '--until', '1');
  assert.is(looked.status, 6, looked.stderr);
  assert.match(looked.stderr, 'fanops resume');
  assert.is(fanopsIn(folder, 'run', 'look.yml', '--until', '2').status, 1);
  const back = fanopsIn(folder, 'run', 'look.yml', '--undo', '2');
  assert.match(back.stderr, 'the beginning must be confirmed');
  assert.not(existsSync(join(folder, 'note')));
});

test.run();
