import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Unknown } from '../../src/core/value.ts';
import { args, playbook, scope } from './load.ts';

test('what stands further in wins name by name, as it is written; other resources see nothing of it', () => {
  const [play] = playbook(`- hosts: db1
  environment: { A: play, B: 1.10, C: true }
  vars: { all: { D: 2, A: all } }
  tasks:
    - environment: "{{all}}"
      block:
        - command: { cmd: ls, environment: { A: own } }
          environment: { E: "{{inventory_hostname}}" }
        - file: { path: /x }
    - command: ls
`).plays;
  assert.equal(
    play?.tasks.map((task) => args(task).environment),
    [{ A: 'own', B: '1.10', C: 'true', D: '2', E: 'db1' }, undefined, { A: 'play', B: '1.10', C: 'true' }],
  );
});

test('a variable of the environment may be unknown', () => {
  const [, task] = playbook(`- hosts: db1
  tasks:
    - command: ls
      register: r
    - command: ls
      environment: { A: "{{r.stdout}}", B: b }
`).plays.flatMap((play) => play.tasks);
  const rendered = task?.render({ ...scope(), registers: { r: new Unknown('ls') } });
  assert.ok(Array.isArray(rendered));
  assert.equal(rendered[0]?.args.environment, { A: new Unknown('ls'), B: 'b' });
});

test.run();
