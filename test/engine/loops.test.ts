import * as assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { applied, ends, recap, withHosts } from '../support/applied.ts';

test('items of one label are planned, and told of, each by itself', () =>
  withHosts(1, async (hosts) => {
    writeFileSync(join(hosts.root('h1'), 'a'), 'x', { mode: 0o644 });
    const { plan, outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - file: { path: "{{ root }}/{{ item }}", content: x, mode: "0644" }
      loop: [a, b, c]
      loop_control: { label: one of them }
`,
    );
    assert.deepEqual(
      plan.plays[0]?.steps.map(({ item, change }) => [item, change.action]),
      [
        ['one of them', 'none'],
        ['one of them #2', 'create'],
        ['one of them #3', 'create'],
      ],
    );
    assert.equal(outcome, 'done');
    assert.ok(existsSync(join(hosts.root('h1'), 'c')));
    assert.equal(recap(events).recap.h1?.failed, 0);
  }));

test('changed_when, failed_when and until may read the item', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - name: judged
      command: { argv: [sh, -c, 'exit "$1"', x, "{{ item.status }}"] }
      loop:
        - { name: a, status: 0, good: 0 }
        - { name: b, status: 3, good: 3 }
      failed_when: result.status != item.good
      changed_when: item.name == 'a'
    - name: repeated
      command: { argv: [sh, -c, 'printf x >>"$1"; wc -c <"$1"', x, "{{ root }}/{{ n }}"] }
      loop: [1, 3]
      loop_control: { loop_var: n }
      until: int(result.stdout_lines[0]) == n
      delay: 10ms
`,
    );
    assert.equal(outcome, 'done');
    assert.deepEqual(ends(events), [
      'h1 judged: changed',
      'h1 judged: ok',
      'h1 repeated: changed',
      'h1 repeated: changed',
    ]);
  }));

test('touches may hold variables', () =>
  withHosts(2, async (hosts) => {
    const { plan } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - command: "touch {{ root }}/elsewhere"
      touches: ["{{ root }}/elsewhere"]
    - file: { path: "{{ root }}", state: directory }
      when: "false"
    - directory: { path: "{{ root }}/here" }
`,
    );
    assert.deepEqual(plan.warnings, []);
    assert.deepEqual(
      plan.plays[0]?.steps.filter((step) => step.task.number === 3).map((step) => step.change.action),
      ['create', 'create'],
    );
  }));

test.run();
