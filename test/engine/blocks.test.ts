import * as assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { actions, applied, ends, recap, withHosts } from '../support/applied.ts';

/** A task that appends its name to the host's log, and fails where a file says so. */
function step(name: string, more = ''): string {
  return `{ name: ${name}, command: { argv: [sh, -c, 'printf "%s " ${name} >>"$1/log"; [ ! -e "$1/fail-${name}" ]', x, "{{ root }}"] }${more} }`;
}

interface Case {
  readonly title: string;
  readonly tasks: string;
  /** Which tasks fail on h1. */
  readonly fail: string;
  readonly log: string;
  readonly outcome: 'done' | 'failed';
  /** failed, rescued of the recap. */
  readonly counts: readonly [failed: number, rescued: number];
}

const SIMPLE = `
- block:
    - ${step('a')}
    - ${step('b')}
  rescue:
    - ${step('r')}
    - ${step('s')}
  always:
    - ${step('z')}
- ${step('after')}
`;

const WITHOUT_RESCUE = `
- block:
    - ${step('a')}
    - ${step('b')}
  always:
    - ${step('y')}
    - ${step('z')}
- ${step('after')}
`;

const NESTED = `
- block:
    - ${step('a')}
    - block:
        - ${step('b')}
      always:
        - ${step('y')}
    - ${step('c')}
  rescue:
    - block:
        - ${step('r')}
      rescue:
        - ${step('rr')}
  always:
    - ${step('z')}
- ${step('after')}
`;

const CASES: readonly Case[] = [
  { title: 'nothing fails', tasks: SIMPLE, fail: '', log: 'a b z after', outcome: 'done', counts: [0, 0] },
  {
    title: 'the first fails',
    tasks: SIMPLE,
    fail: 'a',
    log: 'a r s z after',
    outcome: 'done',
    counts: [0, 1],
  },
  {
    title: 'the last fails',
    tasks: SIMPLE,
    fail: 'b',
    log: 'a b r s z after',
    outcome: 'done',
    counts: [0, 1],
  },
  {
    title: 'the rescue fails too',
    tasks: SIMPLE,
    fail: 'a r',
    log: 'a r z',
    outcome: 'failed',
    counts: [1, 1],
  },
  { title: 'always fails', tasks: SIMPLE, fail: 'z', log: 'a b z', outcome: 'failed', counts: [1, 0] },
  {
    title: 'all three fail',
    tasks: SIMPLE,
    fail: 'b s z',
    log: 'a b r s z',
    outcome: 'failed',
    counts: [2, 1],
  },
  {
    title: 'nothing rescues',
    tasks: WITHOUT_RESCUE,
    fail: 'a',
    log: 'a y z',
    outcome: 'failed',
    counts: [1, 0],
  },
  {
    title: 'an inner one fails',
    tasks: NESTED,
    fail: 'b',
    log: 'a b y r z after',
    outcome: 'done',
    counts: [0, 1],
  },
  {
    title: 'an inner always fails',
    tasks: NESTED,
    fail: 'y',
    log: 'a b y r z after',
    outcome: 'done',
    counts: [0, 1],
  },
  {
    title: 'a nested rescue is rescued',
    tasks: NESTED,
    fail: 'c r',
    log: 'a b y c r rr z after',
    outcome: 'done',
    counts: [0, 2],
  },
  {
    title: 'a nested rescue fails',
    tasks: NESTED,
    fail: 'c r rr',
    log: 'a b y c r rr z',
    outcome: 'failed',
    counts: [1, 2],
  },
];

for (const { title, tasks, fail, log, outcome, counts } of CASES)
  test(`${title}${fail === '' ? '' : ` (${fail})`}: ${log}`, () =>
    withHosts(1, async (hosts) => {
      for (const name of fail.split(' ').filter((n) => n !== ''))
        writeFileSync(join(hosts.root('h1'), `fail-${name}`), '');
      const done = await applied(hosts, `- hosts: db\n  tasks:${tasks.replaceAll('\n', '\n    ')}\n`);
      assert.equal(readFileSync(join(hosts.root('h1'), 'log'), 'utf8').trim(), log);
      assert.equal(done.outcome, outcome);
      const { failed, rescued } = recap(done.events).recap.h1 ?? { failed: -1, rescued: -1 };
      assert.deepEqual([failed, rescued], counts);
    }));

test('each host goes its own way, and all meet again at what is done once', () =>
  withHosts(3, async (hosts) => {
    writeFileSync(join(hosts.root('h1'), 'fail-a'), '');
    writeFileSync(join(hosts.root('h3'), 'fail-once'), '');
    const done = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - block:
        - ${step('a')}
        - ${step('once', ', run_once: true')}
        - ${step('b')}
      rescue:
        - ${step('r')}
    - ${step('last', ', run_once: true')}
`,
    );
    const log = (host: string): string => readFileSync(join(hosts.root(host), 'log'), 'utf8').trim();
    assert.equal(done.outcome, 'done');
    assert.deepEqual(['h1', 'h2', 'h3'].map(log), ['a r last', 'a once b', 'a b']);
  }));

test('what one does for all and fails at has failed for all', () =>
  withHosts(2, async (hosts) => {
    writeFileSync(join(hosts.root('h1'), 'fail-once'), '');
    const done = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - block:
        - ${step('once', ', run_once: true')}
        - ${step('b')}
      rescue:
        - { name: r, command: { argv: [sh, -c, 'echo "$2" >"$1/why"', x, "{{ root }}", "{{ failed_task.name }}"] } }
`,
    );
    assert.equal(done.outcome, 'done');
    for (const host of hosts.names)
      assert.equal(readFileSync(join(hosts.root(host), 'why'), 'utf8'), 'once\n', host);
  }));

test('the rescue knows what failed and how', () =>
  withHosts(1, async (hosts) => {
    const done = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - block:
        - { name: Break, command: { argv: [sh, -c, 'echo out; echo bad >&2; exit 7'] }, register: broken }
        - { name: Never, command: { cmd: echo never }, register: never }
      rescue:
        - file:
            path: "{{ root }}/why"
            content: "{{ failed_task.name }} {{ failed_result.status }} {{ failed_result.stderr }}{{ failed_result.stdout }}"
          when: failed_result.status == 7 && broken.failed && never.skipped
`,
    );
    assert.equal(done.outcome, 'done');
    assert.equal(readFileSync(join(hosts.root('h1'), 'why'), 'utf8'), 'Break 7 bad\nout\n');
    assert.deepEqual(ends(done.events), ['h1 Break: rescued', 'h1 file: changed']);
  }));

test('a plan names what rescues, and never counts it', () =>
  withHosts(1, async (hosts) => {
    const playbook = `
- hosts: db
  tasks:
    - name: Set up
      block:
        - { name: make, file: { path: "{{ root }}/a", content: a } }
      rescue:
        - { name: Mend, command: { cmd: "touch {{ root }}/b" }, register: mended }
    - { name: Tell, command: { cmd: "touch {{ root }}/c" }, when: mended.changed }
`;
    const first = await applied(hosts, playbook);
    assert.deepEqual(actions(first.plan), [
      'h1 make: create',
      'h1 Mend: only if "Set up" fails',
      'h1 Tell: unknown',
    ]);
    assert.deepEqual(ends(first.events), ['h1 make: changed', 'h1 Tell: skipped']);
    const second = await applied(hosts, playbook);
    assert.deepEqual(actions(second.plan), [
      'h1 make: none',
      'h1 Mend: only if "Set up" fails',
      'h1 Tell: when: mended.changed',
    ]);
    assert.equal(recap(second.events).recap.h1?.skipped, 1);
  }));

test('a task beyond a block never runs before the block is known to be good', () =>
  withHosts(1, async (hosts) => {
    // The file is declared, and something at once makes another one of it: it does not converge.
    const done = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - block:
        - { name: a, command: { argv: [sh, -c, 'exit 0'] } }
        - { name: b, file: { path: "{{ root }}/none/b", content: b } }
      rescue:
        - { name: r, file: { path: "{{ root }}/rescued", content: r } }
    - { name: after, command: { argv: [sh, -c, 'test -e "$1"', x, "{{ root }}/rescued"] } }
`,
    );
    assert.equal(done.outcome, 'done');
    assert.ok(existsSync(join(hosts.root('h1'), 'rescued')));
  }));

test('handlers that a failed block notified run all the same', () =>
  withHosts(1, async (hosts) => {
    const done = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - block:
        - { name: a, file: { path: "{{ root }}/a", content: a }, notify: H }
        - { name: b, command: { cmd: "false" } }
      rescue:
        - { name: r, command: { cmd: "true" }, changed_when: false }
  handlers:
    - { name: H, command: { cmd: "touch {{ root }}/handled" } }
`,
    );
    assert.equal(done.outcome, 'done');
    assert.ok(existsSync(join(hosts.root('h1'), 'handled')));
  }));

test.run();
