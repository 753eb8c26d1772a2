import * as assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import { actions, applied, recap, withHosts } from '../support/applied.ts';
import type { LocalHosts } from '../support/local-run.ts';

const HANDLERS = `
  handlers:
    - { name: restart, command: { argv: [sh, -c, "echo restarted >> {{ root }}/log"] } }
`;

/** How often the handler ran on a host. */
function restarts(hosts: LocalHosts, host: string): number {
  const log = join(hosts.root(host), 'log');
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').length - 1 : 0;
}

function notes(hosts: LocalHosts, host: string): string[] {
  const dir = join(hosts.dir, host, 'state', 'handlers');
  return existsSync(dir) ? readdirSync(dir) : [];
}

test('a change that fails after it has changed something leaves its handler pending', () =>
  withHosts(1, async (hosts) => {
    const playbook = `
- hosts: h1
  tasks:
    - name: half
      command: { argv: [sh, -c, "echo x > {{ root }}/made; exit 3"], creates: "{{ root }}/made" }
      notify: restart
${HANDLERS}`;
    const first = await applied(hosts, playbook);
    assert.equal(first.outcome, 'failed');
    assert.deepEqual(recap(first.events).pendingHandlers, { h1: ['restart'] });
    const second = await applied(hosts, playbook);
    assert.deepEqual(actions(second.plan), ['h1 half: none', 'h1 restart: run']);
    assert.equal(restarts(hosts, 'h1'), 1);
    assert.deepEqual(notes(hosts, 'h1'), []);
  }));

test('what a delegated change notified survives a failed run, for the host that it was made for', () =>
  withHosts(2, async (hosts) => {
    const playbook = `
- hosts: h1
  tasks:
    - name: elsewhere
      delegate_to: h2
      file: { path: "{{ root }}/x", content: x }
      notify: restart
    - { name: good, command: { argv: [test, -e, "{{ root }}/good"] } }
${HANDLERS}`;
    const first = await applied(hosts, playbook);
    assert.equal(first.outcome, 'failed');
    writeFileSync(join(hosts.root('h1'), 'good'), '');
    const second = await applied(hosts, playbook);
    assert.deepEqual(actions(second.plan), ['h1 elsewhere: none', 'h1 good: run', 'h1 restart: run']);
    assert.equal(restarts(hosts, 'h1'), 1);
    assert.deepEqual([...notes(hosts, 'h1'), ...notes(hosts, 'h2')], []);
  }));

test('a pending handler runs once, though a later play has one of the same name', () =>
  withHosts(1, async (hosts) => {
    const playbook = `
- hosts: h1
  tasks:
    - { name: file, file: { path: "{{ root }}/x", content: x }, notify: restart }
    - { name: good, command: { argv: [test, -e, "{{ root }}/good"], creates: "{{ root }}/good" } }
${HANDLERS}
- hosts: h1
  tasks:
    - { name: again, file: { path: "{{ root }}/x", content: x }, notify: restart }
${HANDLERS}`;
    await applied(hosts, playbook);
    writeFileSync(join(hosts.root('h1'), 'good'), '');
    const { plan } = await applied(hosts, playbook);
    assert.deepEqual(
      plan.plays.map((play) => play.steps.flatMap((step) => step.handler ?? [])),
      [['pending'], ['perhaps']],
    );
    assert.equal(restarts(hosts, 'h1'), 1);
  }));

test.run();
