import * as assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { actions, applied, ends, failure, recap, withHosts } from '../support/applied.ts';
import { type LocalHosts, localRun } from '../support/local-run.ts';
import { treeText } from '../support/tree.ts';

const read = (hosts: LocalHosts, host: string, path: string): string =>
  readFileSync(join(hosts.root(host), path), 'utf8');

test('a file is made once, and the second apply changes nothing', () =>
  withHosts(2, async (hosts) => {
    const playbook = `
- hosts: db
  tasks:
    - name: greet
      file: { path: "{{ root }}/hello", content: "hello\\n", mode: "0640" }
`;
    const first = await applied(hosts, playbook);
    assert.deepEqual(actions(first.plan), ['h1 greet: create', 'h2 greet: create']);
    assert.equal(first.outcome, 'done');
    assert.deepEqual(ends(first.events), ['h1 greet: changed', 'h2 greet: changed']);
    assert.equal(read(hosts, 'h2', 'hello'), 'hello\n');
    const second = await applied(hosts, playbook);
    assert.deepEqual(actions(second.plan), ['h1 greet: none', 'h2 greet: none']);
    assert.equal(recap(second.events).recap.h1?.changed, 0);
    assert.equal(recap(second.events).recap.h1?.ok, 1);
  }));

test('advice is a warning of the plan, and not a change', () =>
  withHosts(2, async (hosts) => {
    const playbook = `
- hosts: db
  tasks:
    - { advise: { that: size(play_hosts) == 3, msg: 'a third host is missing beside {{join play_hosts ", "}}' } }
    - { advise: { that: size(play_hosts) == 2, msg: not said } }
`;
    const { plan, outcome, events } = await applied(hosts, playbook);
    assert.deepEqual(plan.warnings, ['a third host is missing beside h1, h2']);
    assert.equal(outcome, 'done');
    assert.deepEqual([recap(events).recap.h1?.ok, recap(events).recap.h1?.changed], [2, 0]);
  }));

test('a plan leaves no trace on the host, not even a folder of fanops', () =>
  withHosts(1, async (hosts) => {
    const before = treeText(join(hosts.dir, 'h1'));
    const run = localRun(hosts, '[{hosts: db, tasks: [{file: {path: "{{ root }}/x", content: x}}]}]');
    await run.plan();
    await run.close();
    assert.equal(treeText(join(hosts.dir, 'h1')), before);
  }));

test('a change predicts its facts: a file can be planned below a directory that is not there yet', () =>
  withHosts(1, async (hosts) => {
    const { plan, outcome } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: dir, directory: { path: "{{ root }}/new", mode: "0755" } }
    - { name: file, file: { path: "{{ root }}/new/x", content: x } }
`,
    );
    assert.deepEqual(actions(plan), ['h1 dir: create', 'h1 file: create']);
    assert.equal(outcome, 'done');
  }));

test('what a command may have changed is unknown, and "touches" narrows it', () =>
  withHosts(1, async (hosts) => {
    const wide = localRun(
      hosts,
      `
- hosts: db
  tasks:
    - { name: act, command: { argv: ["true"] } }
    - { name: file, file: { path: "{{ root }}/x", content: x } }
`,
    );
    const plan = await wide.plan();
    assert.deepEqual(actions(plan), ['h1 act: run', 'h1 file: unknown']);
    assert.match(plan.warnings.join(), /task 1 \(act\) makes one later task unknown/);
    await wide.close();
    const narrow = localRun(
      hosts,
      `
- hosts: db
  tasks:
    - { name: act, command: { argv: ["true"] }, touches: ["{{ root }}/elsewhere"] }
    - { name: file, file: { path: "{{ root }}/x", content: x } }
`.replace('{{ root }}/elsewhere', join(hosts.root('h1'), 'elsewhere')),
    );
    assert.deepEqual(actions(await narrow.plan()), ['h1 act: run', 'h1 file: create']);
    await narrow.close();
  }));

test('what a register decides is unknown until the task has run, and decided then', () =>
  withHosts(1, async (hosts) => {
    const { plan, outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: ask, command: { argv: [printf, "yes"] }, register: answer, touches: [] }
    - { name: then, when: answer.stdout == 'yes', file: { path: "{{ root }}/then", content: "{{ answer.stdout }}" } }
    - { name: else, when: answer.stdout != 'yes', file: { path: "{{ root }}/else", content: x } }
`,
    );
    assert.deepEqual(actions(plan), ['h1 ask: run', 'h1 then: unknown', 'h1 else: unknown']);
    assert.equal(outcome, 'done');
    assert.deepEqual(ends(events), ['h1 ask: changed', 'h1 then: changed', 'h1 else: skipped']);
    assert.equal(read(hosts, 'h1', 'then'), 'yes');
  }));

test('a task may be called as fanops calls its own looking, and what depends on it is done', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: looking, command: { argv: [printf, "yes"] }, register: answer, touches: [] }
    - { name: then, file: { path: "{{ root }}/then", content: "{{ answer.stdout }}" } }
`,
    );
    assert.equal(outcome, 'done');
    assert.deepEqual(ends(events), ['h1 looking: changed', 'h1 then: changed']);
  }));

test('a failed command stops its host, tells its status and the end of its stderr', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: break, command: { argv: [sh, "-c", "echo oh no >&2; exit 7"] } }
    - { name: after, file: { path: "{{ root }}/after", content: x } }
`,
    );
    assert.equal(outcome, 'failed');
    assert.equal(failure(events).status, 7);
    assert.match(failure(events).stderr ?? '', /oh no/);
    assert.equal(existsSync(join(hosts.root('h1'), 'after')), false);
  }));

test('ignore_errors goes on behind the failure', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: break, command: { argv: ["false"] }, ignore_errors: true }
    - { name: after, file: { path: "{{ root }}/after", content: x } }
`,
    );
    assert.equal(outcome, 'done');
    assert.deepEqual(ends(events), ['h1 break: ignored', 'h1 after: changed']);
    assert.equal(recap(events).recap.h1?.ignored, 1);
  }));

test('changed_when and failed_when decide what a result means', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: quiet, command: { argv: ["true"] }, changed_when: false }
    - { name: accepted, command: { argv: [sh, "-c", "exit 3"] }, register: r, failed_when: r.status > 3 }
    - { name: refused, command: { argv: [echo, bad] }, register: s, failed_when: s.stdout == 'bad' }
`,
    );
    assert.deepEqual(ends(events), ['h1 quiet: ok', 'h1 accepted: changed', 'h1 refused: failed']);
    assert.equal(outcome, 'failed');
  }));

test('until repeats as often as it must, and not once more', () =>
  withHosts(1, async (hosts) => {
    const count = 'printf x >>"$1"; wc -c <"$1"';
    const { outcome } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - name: count
      command: { argv: [sh, "-c", ${JSON.stringify(count)}, x, "{{ root }}/count"] }
      register: r
      until: r.stdout.trim() == '3'
      retries: 5
      delay: 0
`,
    );
    assert.equal(outcome, 'done');
    assert.equal(read(hosts, 'h1', 'count'), 'xxx');
  }));

test('a handler runs once, after the tasks, where something changed', () =>
  withHosts(2, async (hosts) => {
    writeFileSync(join(hosts.root('h2'), 'a'), 'a');
    chmodSync(join(hosts.root('h2'), 'a'), 0o644);
    const { plan, outcome, events } = await applied(hosts, HANDLED);
    assert.equal(outcome, 'done');
    assert.deepEqual(
      actions(plan).filter((a) => a.includes('restart')),
      ['h1 restart: run'],
    );
    assert.equal(read(hosts, 'h1', 'handled'), 'h');
    assert.equal(existsSync(join(hosts.root('h2'), 'handled')), false);
    assert.equal(ends(events).filter((e) => e.includes('restart')).length, 1);
  }));

const HANDLED = `
- hosts: db
  tasks:
    - { name: a, file: { path: "{{ root }}/a", content: a, mode: "0644" }, notify: restart }
    - { name: may fail, command: { argv: [test, "!", "-e", "{{ root }}/broken"] }, touches: [], changed_when: false }
  handlers:
    - { name: restart, command: { argv: [sh, "-c", 'printf h >>"$1"', x, "{{ root }}/handled"] } }
`;

test('a handler that a failed run left behind is pending on the host, planned, and run by the next apply', () =>
  withHosts(1, async (hosts) => {
    writeFileSync(join(hosts.root('h1'), 'broken'), '');
    const first = await applied(hosts, HANDLED);
    assert.equal(first.outcome, 'failed');
    assert.deepEqual(recap(first.events).pendingHandlers, { h1: ['restart'] });
    assert.equal(existsSync(join(hosts.root('h1'), 'handled')), false);
    rmSync(join(hosts.root('h1'), 'broken'));
    const second = await applied(hosts, HANDLED);
    assert.equal(second.plan.plays[0]?.steps.at(-1)?.handler, 'pending');
    assert.equal(second.outcome, 'done');
    assert.equal(read(hosts, 'h1', 'handled'), 'h');
    const third = await applied(hosts, HANDLED);
    assert.equal(
      actions(third.plan).some((a) => a.includes('restart')),
      false,
    );
  }));

test('a plan that does not hold any more is refused before anything is done', () =>
  withHosts(1, async (hosts) => {
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: a, file: { path: "{{ root }}/a", content: a } }
    - { name: b, file: { path: "{{ root }}/b", content: b } }
`,
      () => writeFileSync(join(hosts.root('h1'), 'b'), 'meanwhile'),
    );
    assert.equal(outcome, 'stale');
    assert.equal(existsSync(join(hosts.root('h1'), 'a')), false);
    assert.ok(events.some((e) => e.type === 'warning' && e.text.includes('/b on h1')));
  }));

test('a wait that became necessary after the plan does not make it stale', () =>
  withHosts(1, async (hosts) => {
    writeFileSync(join(hosts.root('h1'), 'there'), '');
    const { plan, outcome } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: wait, wait_for: { path: "{{ root }}/there", timeout: 20s } }
    - { name: file, file: { path: "{{ root }}/file", content: x } }
`,
      () => {
        rmSync(join(hosts.root('h1'), 'there'));
        setTimeout(() => writeFileSync(join(hosts.root('h1'), 'there'), ''), 700);
      },
    );
    assert.deepEqual(actions(plan), ['h1 wait: none', 'h1 file: create']);
    assert.equal(outcome, 'done');
  }));

test('what is blocked on one host is refused for all before anything is done', () =>
  withHosts(2, async (hosts) => {
    mkdirSync(join(hosts.root('h1'), 'parent'));
    const { outcome } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: a, file: { path: "{{ root }}/a", content: a } }
    - { name: b, file: { path: "{{ root }}/parent/b", content: b } }
`,
    );
    assert.equal(outcome, 'failed');
    assert.equal(existsSync(join(hosts.root('h1'), 'a')), false);
  }));

test('serial finishes one batch before the next, and stops at a failure', () =>
  withHosts(3, async (hosts) => {
    writeFileSync(join(hosts.root('h2'), 'broken'), '');
    const { outcome, events } = await applied(
      hosts,
      `
- hosts: db
  serial: 1
  tasks:
    - { name: may fail, command: { argv: [test, "!", "-e", "{{ root }}/broken"] } }
    - { name: mark, file: { path: "{{ root }}/mark", content: x } }
`,
    );
    assert.equal(outcome, 'failed');
    assert.deepEqual(ends(events), ['h1 may fail: changed', 'h2 may fail: failed', 'h1 mark: changed']);
    assert.equal(existsSync(join(hosts.root('h3'), 'mark')), false);
  }));

test('run_once runs on the first host, and all hosts know its result', () =>
  withHosts(2, async (hosts) => {
    const { outcome } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - { name: ask, command: { argv: [printf, "once"] }, run_once: true, register: r }
    - { name: use, file: { path: "{{ root }}/once", content: "{{ r.stdout }}" } }
`,
    );
    assert.equal(outcome, 'done');
    assert.equal(read(hosts, 'h2', 'once'), 'once');
  }));

test('delegate_to acts on the other host with the own variables, and registers for the own', () =>
  withHosts(2, async (hosts) => {
    const { outcome } = await applied(
      hosts,
      `
- hosts: h2
  tasks:
    - name: there
      file: { path: "{{ lookup (lookup hostvars 'h1') 'root' }}/from", content: "{{ inventory_hostname }}" }
      delegate_to: h1
`.replace(`"{{ lookup (lookup hostvars 'h1') 'root' }}/from"`, `"{{ hostvars.h1.root }}/from"`),
    );
    assert.equal(outcome, 'done');
    assert.equal(read(hosts, 'h1', 'from'), 'h2');
  }));

test('delegate_to reaches a host that no play has, though nothing is looked at there', () =>
  withHosts(2, async (hosts) => {
    const { outcome } = await applied(
      hosts,
      `
- hosts: h2
  tasks:
    - { name: there, command: { argv: [touch, "{{ hostvars.h1.root }}/ran"] }, delegate_to: h1 }
`,
    );
    assert.equal(outcome, 'done');
    assert.ok(existsSync(join(hosts.root('h1'), 'ran')));
  }));

test('one thing declared twice in one play with different states is refused', () =>
  withHosts(1, async (hosts) => {
    const run = localRun(
      hosts,
      `
- hosts: db
  tasks:
    - { name: a, file: { path: "{{ root }}/a", content: one } }
    - { name: b, file: { path: "{{ root }}/a", content: two } }
`,
    );
    await assert.rejects(run.plan(), /declared twice in one play with a different "content"/);
    await run.close();
  }));

test('a loop does each of its items, later ones below earlier ones', () =>
  withHosts(1, async (hosts) => {
    const { plan, outcome } = await applied(
      hosts,
      `
- hosts: db
  tasks:
    - name: dirs
      directory: { path: "{{ root }}/{{ item }}", mode: "0755" }
      loop: [l, l/m, l/m/n]
      register: made
    - { name: all, when: made.changed, file: { path: "{{ root }}/l/m/n/x", content: "{{ json made.changed }}" } }
`,
    );
    assert.equal(outcome, 'done');
    assert.deepEqual(actions(plan).slice(0, 3), ['h1 dirs: create', 'h1 dirs: create', 'h1 dirs: create']);
    assert.equal(read(hosts, 'h1', 'l/m/n/x'), 'true');
  }));

test('stopped before the next segment, a run says so and begins nothing new', () =>
  withHosts(1, async (hosts) => {
    const controller = new AbortController();
    const run = localRun(
      hosts,
      `
- hosts: db
  tasks:
    - { name: first, command: { argv: [touch, "{{ root }}/first"] } }
    - { name: second, command: { argv: [touch, "{{ root }}/second"] }, when: facts.uid >= 0 }
    - { name: third, file: { path: "{{ root }}/third", content: x } }
`,
      { signal: controller.signal },
    );
    const plan = await run.plan();
    controller.abort();
    assert.equal(await run.apply(plan), 'interrupted');
    await run.close();
    assert.equal(existsSync(join(hosts.root('h1'), 'first')), false);
  }));

test('stopped in the middle, what runs is finished, nothing more of its batch begins, and the rest is kept', () =>
  withHosts(1, async (hosts) => {
    const controller = new AbortController();
    const run = localRun(
      hosts,
      `
- hosts: db
  tasks:
    - name: long
      command: { argv: [sh, "-c", 'until [ -e "$1"/../run/batches/*/halted ]; do sleep 0.1; done; printf x >>"$1/long"', x, "{{ root }}"] }
    - { name: next, command: { argv: [touch, "{{ root }}/next"] } }
`,
      { signal: controller.signal },
    );
    const plan = await run.plan();
    const applying = run.apply(plan);
    while (!run.events.some((e) => e.type === 'begin')) await new Promise((done) => setTimeout(done, 20));
    controller.abort();
    assert.equal(await applying, 'stopped');
    await run.close();
    assert.deepEqual(ends(run.events), ['h1 long: changed']);
    assert.equal(read(hosts, 'h1', 'long'), 'x');
    assert.equal(existsSync(join(hosts.root('h1'), 'next')), false);
  }));

test.run();
