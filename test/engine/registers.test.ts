import * as assert from 'node:assert/strict';
import { test } from 'uvu';
import { applied, ends, failure, recap, withHosts } from '../support/applied.ts';

test('what a loop over an empty list registers is there behind the next barrier', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: h1
  tasks:
    - { name: none, loop: [], command: "true", register: nothing }
    - { name: barrier, run_once: true, command: "true" }
    - { name: use, when: size(nothing.results) == 0, command: "true" }
`,
    );
    assert.equal(outcome, 'done');
    assert.deepEqual(ends(events), ['h1 barrier: changed', 'h1 use: changed']);
  }));

const broken: [string, string][] = [
  ['when', `when: "said.stdout_lines[1] == 'b'", command: "true"`],
  ['failed_when', `failed_when: "said.stdout_lines[1] == 'b'", command: "true"`],
];
for (const [key, rest] of broken)
  test(`a "${key}" that breaks on a result fails its host, and the others go on`, () =>
    withHosts(2, async (hosts) => {
      const { outcome, events } = await applied(
        hosts,
        `
- hosts: db
  tasks:
    - name: say
      command: { argv: [sh, -c, "echo a; test {{ inventory_hostname }} = h1 || { sleep 1; echo b; }"] }
      register: said
    - { name: judge, ${rest} }
`,
      );
      assert.equal(outcome, 'failed');
      assert.match(failure(events).message, /index 1 >= size 1.*\(line 7: /);
      assert.equal(recap(events).recap.h1?.failed, 1);
      assert.ok(ends(events).includes('h2 say: changed'));
      assert.ok(ends(events).some((end) => end.startsWith('h2 judge: ')));
    }));

test('"changed_when" may read what the task right before it registered', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: h1
  tasks:
    - { name: say, command: echo a, register: said }
    - { name: act, command: echo b, changed_when: "said.stdout == 'b'" }
`,
    );
    assert.equal(outcome, 'done');
    assert.deepEqual(ends(events), ['h1 say: changed', 'h1 act: ok']);
  }));

test.run();
