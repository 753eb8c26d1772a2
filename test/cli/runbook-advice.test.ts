// What a step has to say though it does not fail is read at the end of the run, by somebody who did not watch it.
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { fanopsIn as fanops, runbookFolder } from './program.ts';

const RUNBOOK = `runbook: Says something
steps:
  - step: Compare
    hosts: db1
    tasks:
      - name: Look
        command: { argv: [cat, "{{base}}/state"] }
        changed_when: false
        register: state
      - name: They fit
        advise: { that: state.stdout == 'fits', msg: "MISMATCH: {{state.stdout}}" }
      - name: Known before
        advise: { that: "1 == 2", msg: one is not two }
  - step: Go on
    hosts: [db1, far]
    ignore_unreachable: true
    tasks:
      - file: { path: "{{base}}/{{inventory_hostname}}.done", content: x }
  - step: Far away only
    hosts: far
    ignore_unreachable: true
    tasks:
      - file: { path: "{{base}}/far.done", content: x }
  - step: May fail
    hosts: db1
    tasks:
      - command: { argv: [test, "!", -e, "{{base}}/fail"] }
`;

const test = suite<{ folder: string }>('what a runbook has to say', { folder: '' });

test.before.each((context) => {
  context.folder = runbookFolder('says.yml', RUNBOOK);
  const hosts = readFileSync(join(context.folder, 'hosts.yml'), 'utf8');
  const far = 'far: {ansible_host: 127.0.0.1, ansible_port: 1, ansible_user: nobody}, db1:';
  writeFileSync(join(context.folder, 'hosts.yml'), hosts.replace('db1:', far));
});
test.after.each(({ folder }) => rmSync(folder, { recursive: true, force: true }));

/** What stands below the last line of the end. */
const warned = (text: string): string => text.slice(text.search(/^\d+ warnings?:$/m));

const SAID = [
  '4 warnings:',
  '  step 1 (Compare), db1:',
  '    MISMATCH: before',
  '  step 1 (Compare), db1:',
  '    one is not two',
];

test('what it says stands at the end, below how it ended, in the record, and is no failure', ({ folder }) => {
  const { status, stderr } = fanops(folder, 'run', 'says.yml', '--yes');
  assert.is(status, 0, stderr);
  assert.match(stderr, /RUNBOOK done .*\n\n4 warnings:\n/);
  assert.equal(warned(stderr).split('\n').slice(0, 5), SAID);
  assert.match(warned(stderr), /step 2 \(Go on\), far:\n {4}could not be reached, and took no part: /);
  assert.match(stderr, /step 3 skipped: none of its hosts could be reached/);
  assert.ok(existsSync(join(folder, 'db1.done')));
  assert.match(fanops(folder, 'runs', 'show', 'last').stdout, '[db1] s1 warned: MISMATCH: before');
  const { entries } = JSON.parse(fanops(folder, 'runs', 'show', 'last', '--json').stdout);
  const advised = entries.filter(({ type }: { type: string }) => type === 'advised');
  assert.equal(
    advised.map(({ step, host }: { step: string; host: string }) => `${step} ${host}`),
    ['s1 db1', 's1 db1', 's2 far', 's3 far'],
  );
});

test('while it runs it is told once: by the plan of the step, or when it is found out', ({ folder }) => {
  const { stderr } = fanops(folder, 'run', 'says.yml', '--yes');
  const before = stderr.slice(0, stderr.indexOf('RUNBOOK done'));
  assert.equal(before.match(/warning: \[db1\] MISMATCH: before|one is not two/gi), [
    'one is not two',
    'warning: [db1] MISMATCH: before',
  ]);
});

test('a run that is taken up says at its end what it had said before', ({ folder }) => {
  writeFileSync(join(folder, 'fail'), '');
  const failed = fanops(folder, 'run', 'says.yml', '--yes');
  assert.is(failed.status, 3, failed.stderr);
  assert.equal(warned(failed.stderr).split('\n').slice(0, 5), SAID);
  rmSync(join(folder, 'fail'));
  const resumed = fanops(folder, 'resume', 'last');
  assert.is(resumed.status, 0, resumed.stderr);
  assert.equal(warned(resumed.stderr).split('\n').slice(0, 5), SAID);
});

test('what a sensitive task says is nowhere to be read, only that it says something', ({ folder }) => {
  const quiet = RUNBOOK.replace('- name: They fit', '- name: They fit\n        no_log: true');
  writeFileSync(join(folder, 'says.yml'), quiet);
  const ran = fanops(folder, 'run', 'says.yml', '--yes');
  assert.is(ran.status, 0, ran.stderr);
  assert.match(warned(ran.stderr), /step 1 \(Compare\), db1:\n {4}\(sensitive\)/);
  const record = fanops(folder, 'runs', 'show', 'last', '--json').stdout;
  assert.not.match(ran.stdout + ran.stderr + record, /MISMATCH: before/);
});

test('the plan leaves out who cannot be reached, where the step goes without', ({ folder }) => {
  const { status, stdout } = fanops(folder, 'plan', 'says.yml');
  assert.is(status, 0, stdout);
  assert.match(stdout, /step 2 of 4: Go on {2}\[db1\]/);
});

test.run();
